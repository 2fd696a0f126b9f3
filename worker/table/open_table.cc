#include "worker/table/open_table.h"

#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/csv_reader.h"
#include "worker/table/file_source.h"

namespace dq {

absl::StatusOr<std::unique_ptr<RowReader>> OpenTable(int fd, const InputChoice& choice,
                                                     BadRowPolicy on_bad_row) {
  DQ_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, FileSource::Open(fd));
  CsvReaderOptions options;
  options.on_bad_row = on_bad_row;
  options.dialect = choice.dialect;
  return CsvReader::Open(std::move(source), options);
}

}  // namespace dq
