// Bytes of files, unpacked and converted: whatever the form, the same text comes out, and what is
// damaged says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <random>

#include "common/base/error.h"
#include "tests/support/memory_file.h"
#include "worker/table/bytes/compressed_source.h"
#include "worker/table/bytes/file_source.h"
#include "worker/table/bytes/text_encoding.h"
#include "worker/table/bytes/utf8_lines.h"
#include "worker/table/open_table.h"

namespace dq {
namespace {

std::string Gzip(std::string_view text) {
  std::string out(text.size() + 4096, '\0');
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uint32_t>(text.size());
  stream.next_out = reinterpret_cast<uint8_t*>(out.data());
  stream.avail_out = static_cast<uint32_t>(out.size());
  EXPECT_EQ(isal_deflate_stateless(&stream), COMP_OK);
  out.resize(stream.total_out);
  return out;
}

// With a checksum, as the command line tool writes them.
std::string Zstd(std::string_view text) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string Lines(size_t count) {
  std::mt19937 random(7);
  std::string text = "a,b\n";
  for (size_t i = 0; i < count; ++i)
    text += std::to_string(random()) + "," + std::to_string(i) + "\n";
  return text;
}

struct Drained {
  std::string text;
  absl::Status status;
};

// Reads pieces of odd sizes to the end.
Drained Drain(ByteSource& source) {
  Drained drained;
  char piece[977];
  while (!source.AtEnd()) {
    const auto got = source.Read(piece, sizeof(piece));
    if (!got.ok()) {
      drained.status = got.status();
      return drained;
    }
    drained.text.append(piece, *got);
  }
  return drained;
}

std::unique_ptr<ByteSource> Open(const MemoryFile& file) { return *FileSource::Open(file.fd()); }

Drained Unpacked(std::string_view packed) {
  const MemoryFile file(packed);
  return Drain(*Unpack(Open(file), FindCompression(packed)));
}

TEST(Unpack, GivesWhatWasPackedAsOftenAsAsked) {
  for (const std::string& text : {std::string(), std::string("a"), Lines(100'000)}) {
    for (const std::string& packed : {Gzip(text), Zstd(text)}) {
      const MemoryFile file(packed);
      const auto source = Unpack(Open(file), FindCompression(packed));
      EXPECT_EQ(source->AtEnd(), text.empty());
      for (int pass = 0; pass < 2; ++pass) {
        source->Rewind();
        const Drained drained = Drain(*source);
        EXPECT_TRUE(drained.status.ok()) << drained.status;
        EXPECT_EQ(drained.text, text);
        EXPECT_EQ(source->position(), static_cast<int64_t>(text.size()));
        EXPECT_EQ(source->raw_position(), static_cast<int64_t>(packed.size()));
        EXPECT_EQ(source->sha256().size(), 64u);
      }
    }
  }
}

TEST(Unpack, MembersBehindEachOtherAreOneStreamAndZerosBehindThemPadding) {
  const std::string text = Lines(1000);
  const std::string padding(300, '\0');
  EXPECT_EQ(Unpacked(Gzip(text) + Gzip(text) + padding).text, text + text);
  EXPECT_EQ(Unpacked(Zstd(text) + Zstd(text)).text, text + text);
}

TEST(Unpack, WhatIsCutOffOrDamagedIsAnError) {
  const std::string text = Lines(5000);
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    for (const size_t size : {size_t{3}, packed.size() / 2, packed.size() - 1}) {
      EXPECT_EQ(
          ReasonOf(Unpacked(packed.substr(0, size) == packed.substr(0, 3) ? packed.substr(0, 5)
                                                                          : packed.substr(0, size))
                       .status),
          "COMPRESSION_INVALID")
          << size;
    }
    std::string damaged = packed;
    for (size_t i = 0; i < 40; ++i) damaged[packed.size() / 2 + i] = '\x55';
    EXPECT_EQ(ReasonOf(Unpacked(damaged).status), "COMPRESSION_INVALID");
    for (const std::string rubbish : {"r", "rubbish", "more rubbish than a header has"}) {
      const absl::Status status = Unpacked(packed + rubbish).status;
      EXPECT_EQ(ReasonOf(status), "COMPRESSION_INVALID");
      EXPECT_NE(MessageOf(status).find("is followed by bytes that are not"), std::string::npos)
          << MessageOf(status);
    }
  }
}

TEST(Unpack, ABombIsRefusedBeforeItFillsAnything) {
  const std::string packed = Zstd(std::string(size_t{80} << 20, '0'));
  const MemoryFile file(packed);
  const auto source = Unpack(Open(file), Compression::kZstd);
  const Drained drained = Drain(*source);
  EXPECT_EQ(ReasonOf(drained.status), "UNPACKED_TOO_LARGE");
  EXPECT_LE(drained.text.size(), static_cast<size_t>(kUnpackFreeBytes) + (size_t{1} << 20));
}

std::string ZstdOfWindow(int log) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, log);
  std::string text = Lines(1000);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer from{text.data(), text.size(), 0};
  ZSTD_outBuffer to{packed.data(), packed.size(), 0};
  // The size is not told, so that the window is not cut down to it.
  EXPECT_EQ(ZSTD_isError(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_flush)), 0u);
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end), 0u);
  packed.resize(to.pos);
  return packed;
}

TEST(Unpack, AZstdWindowAboveTheLimitIsRefusedByItsName) {
  const auto reason = [](int log, int64_t memory_limit_bytes) {
    const MemoryFile file(ZstdOfWindow(log));
    return ReasonOf(Drain(*Unpack(Open(file), Compression::kZstd, memory_limit_bytes)).status);
  };
  EXPECT_EQ(reason(27, int64_t{512} << 20), "");
  EXPECT_EQ(reason(28, int64_t{512} << 20), "UNSUPPORTED_FORMAT");
  EXPECT_EQ(reason(28, int64_t{64} << 30), "UNSUPPORTED_FORMAT");
  EXPECT_EQ(reason(27, int64_t{64} << 20), "OUT_OF_MEMORY");
  EXPECT_EQ(reason(24, int64_t{64} << 20), "");
}

TEST(Unpack, TheRefusalNamesTheWindowThatWouldDo) {
  const MemoryFile file(ZstdOfWindow(27));
  const auto source = Unpack(Open(file), Compression::kZstd, int64_t{200} << 20);
  const absl::Status refused = Drain(*source).status;
  EXPECT_NE(MessageOf(refused).find("a window of more than 64 MiB"), std::string::npos) << refused;
  const MemoryFile fits(ZstdOfWindow(26));
  EXPECT_TRUE(Drain(*Unpack(Open(fits), Compression::kZstd, int64_t{200} << 20)).status.ok());
}

TEST(Unpack, FramesToBeSkippedAreSkippedAlsoAtTheBeginning) {
  const std::string skippable("\x53\x2A\x4D\x18\x04\0\0\0abcd", 12);
  const std::string text = Lines(10);
  EXPECT_EQ(Unpacked(skippable + Zstd(text) + skippable).text, text);
}

FoundEncoding Found(std::string_view text) { return *FindEncoding({&text, 1}); }

TEST(FindEncoding, TellsEncodingsApart) {
  EXPECT_EQ(Found("a,b\n1,2\n").encoding, TextEncoding::kUtf8);
  EXPECT_EQ(Found("Jos\xC3\xA9").confidence, 1);
  EXPECT_EQ(Found("Jos\xE9,K\xF6ln,\x80 5").encoding, TextEncoding::kWindows1252);
  EXPECT_EQ(Found("a,\xFF\n").encoding, TextEncoding::kUtf8);
  EXPECT_LT(Found("a,\xFF\n").confidence, 0.5);
  EXPECT_EQ(Found("\xC3\xA9\xC3\xA9\xC3\xA9 and \xE9 in one").encoding, TextEncoding::kUtf8);
  EXPECT_EQ(Found(std::string_view("a\0,\0b\0\n\0", 8)).encoding, TextEncoding::kUtf16Le);
  EXPECT_EQ(Found(std::string_view("\0a\0,\0b\0\n", 8)).encoding, TextEncoding::kUtf16Be);
  EXPECT_EQ(Found("\xFE\xFF").encoding, TextEncoding::kUtf16Be);
  EXPECT_EQ(Found(std::string_view("id,city\n1,Ro\0me\n", 16)).encoding, TextEncoding::kUtf8)
      << "a stray NUL is a bad row";
  EXPECT_EQ(ReasonOf(FindEncoding(std::array{std::string_view("\xFF\xFE\0\0", 4)}).status()),
            "UNSUPPORTED_FORMAT");
}

TEST(FindEncoding, LinesOfUtf8WeighAsMuchAsOthersAndLowerTheConfidenceWhenTheyAreFewer) {
  const std::string utf8 = "M\xC3\xBCller\n";
  const std::string latin = "Bj\xF6rn K\xF6\xDFlin\n";
  EXPECT_EQ(Found("name\n" + utf8 + latin).encoding, TextEncoding::kUtf8) << "the row is rejected";
  const FoundEncoding alone = Found(latin + latin + latin);
  const FoundEncoding mixed = Found(latin + utf8 + latin + latin);
  EXPECT_EQ(mixed.encoding, TextEncoding::kWindows1252);
  EXPECT_DOUBLE_EQ(mixed.confidence, alone.confidence * 3 / 4);
}

TEST(Utf8Lines, AreToldApartHoweverTheTextIsCut) {
  // A euro sign, a broken one, one that the line end cuts off, one that is overlong, both in one.
  const std::string text =
      "ascii\r\n\xE2\x82\xAC!\nx\xE2\x82!\ny\xE2\x82\n\xC0\x80\n\xC3\xA9\xE9\nz\xF0\x9F\x98\x80";
  for (size_t size = 1; size <= text.size(); ++size) {
    Utf8Lines lines;
    for (size_t at = 0; at < text.size(); at += size) lines.Add(text.substr(at, size));
    lines.End();
    EXPECT_EQ(lines.well_formed(), 2) << size;
    EXPECT_EQ(lines.others(), 4) << size;
    EXPECT_EQ(lines.first_place(), 7) << size;
  }
}

std::string Converted(std::string_view text, TextEncoding encoding) {
  const MemoryFile file(text);
  return Drain(*ToUtf8(Open(file), encoding)).text;
}

TEST(ToUtf8, ConvertsEveryCharacterAndMarksWhatIsNone) {
  EXPECT_EQ(Converted("\xE9\x80\x81z", TextEncoding::kWindows1252), "\xC3\xA9\xE2\x82\xAC\xFFz");
  EXPECT_EQ(Converted("\xE9\x80", TextEncoding::kLatin1), "\xC3\xA9\xC2\x80");
  EXPECT_EQ(Converted(std::string_view("\xE9\0\x3D\xD8\x00\xDE", 6), TextEncoding::kUtf16Le),
            "\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(Converted(std::string_view("\xDE\x00\0a\xD8\x3D\0b\0", 9), TextEncoding::kUtf16Be),
            "\xFF"
            "a\xFF"
            "b\xFF");
}

TEST(OpenTable, ReadsPackedAndConvertedTables) {
  std::string utf16 = "\xFF\xFE";
  for (const char c : std::string_view("a,b\r\n1,2\r\n")) utf16 += std::string{c, '\0'};
  for (const std::string& bytes : {Gzip("a,b\n1,2\n"), Zstd(utf16), utf16}) {
    const MemoryFile file(bytes);
    const auto reader = OpenTable(file.fd(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    RowBatch batch;
    ASSERT_TRUE(*(*reader)->Next(batch));
    ASSERT_EQ(batch.row_count(), 1u);
    EXPECT_EQ(batch.cell(0, 1), "2");
  }
  const MemoryFile twice(Gzip(Gzip("a,b\n")));
  EXPECT_EQ(ReasonOf(OpenTable(twice.fd(), {}).status()), "UNSUPPORTED_FORMAT");
}

// Rows of ASCII, long enough that no sample of the beginning sees what is behind them.
std::string LateText(std::string_view name) {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += "name," + std::to_string(i) + "\n";
  for (int i = 0; i < 3000; ++i) text += std::string(name) + "," + std::to_string(i) + "\n";
  return text;
}

TEST(OpenTable, LooksForTheEncodingOfAPackedFileBehindABeginningOfAscii) {
  const std::string latin = LateText("Ren\xE9");
  for (const std::string& bytes : {Gzip(latin), Zstd(latin)}) {
    const MemoryFile file(bytes);
    const auto reader = OpenTable(file.fd(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->layout().form.encoding, TextEncoding::kWindows1252);
    EXPECT_LT((*reader)->layout().form.encoding_confidence, 1);
    for (RowBatch batch; *(*reader)->Next(batch);) continue;
    EXPECT_EQ((*reader)->rows(), 23000);
    EXPECT_EQ((*reader)->rows_rejected(), 0);
  }
  for (const std::string& text : {LateText("Ren\xC3\xA9"), LateText("Rene")}) {
    const MemoryFile file(Gzip(text));
    const auto reader = OpenTable(file.fd(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->layout().form.encoding, TextEncoding::kUtf8);
  }
}

TEST(OpenTable, LookingForTheEncodingOfAPackedFileCanBeStopped) {
  const MemoryFile file(Gzip(LateText("Rene")));
  const auto reader = OpenTable(file.fd(), {}, {.stop = [] { return true; }});
  EXPECT_EQ(ReasonOf(reader.status()), "CANCELLED");
  InputChoice named;
  named.encoding = TextEncoding::kUtf8;
  EXPECT_TRUE(OpenTable(file.fd(), named, {.stop = [] { return true; }}).ok());
}

}  // namespace
}  // namespace dq
