// How a run takes checkpoints and goes on from one. A checkpoint holds, in this order: what it may
// be used for, how far the chain is, what is known of the input, where the learned states lie, and,
// in the middle of a pass, the counts, the places of the outputs, the states of the stages and the
// place of the reader.
#include <chrono>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "worker/chain/chain_run.h"
#include "worker/table/bytes/file_source.h"

namespace dq {
namespace {

constexpr size_t kIdentityBytesMax = 1024;
constexpr size_t kSha256HexBytes = 64;

// What was found out about the table: from the same bytes an equal text.
std::string Describe(const TableLayout& layout) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  };
  const auto number = [&text](int64_t value) { text += std::to_string(value) + ";"; };
  const Dialect& dialect = layout.dialect;
  for (const char c : {dialect.delimiter, dialect.quote, dialect.escape, dialect.comment})
    number(c);
  number(dialect.skip_space ? 1 : 0);
  number(static_cast<int64_t>(dialect.line_end));
  number(static_cast<int64_t>(layout.form.format));
  number(static_cast<int64_t>(layout.form.encoding));
  number(static_cast<int64_t>(layout.form.compression));
  number(layout.header ? 1 : 0);
  number(layout.data_offset);
  number(static_cast<int64_t>(layout.row_cells));
  for (const std::string& column : layout.columns) add(column);
  for (const bool is_text : layout.text_columns) number(is_text ? 1 : 0);
  for (const PreambleLine& line : layout.preamble) add(line.content);
  for (const std::string& note : layout.notes) add(note);
  return Sha256Of(text);
}

absl::StatusOr<int64_t> SizeOf(int fd) {
  DQ_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::Open(fd));
  return source->raw_size_bytes();
}

}  // namespace

absl::Status ChainRun::Interrupted() const {
  const std::string sequence = std::to_string(checkpoints_.sequence());
  return MakeError(absl::StatusCode::kAborted, "INTERRUPTED",
                   checkpoints_.sequence() > 0
                       ? "the chain stopped; it can go on from its checkpoint " + sequence
                       : "the chain stopped before its first checkpoint",
                   {{"category", "processing"}, {"checkpoint", sequence}});
}

bool ChainRun::CanSaveIn(size_t pass) const {
  if (!savable_) return false;
  if (pass == stages_.size()) return outputs_.can_resume();
  return stages_[pass]->learned_state() == LearnedState::kCollected;
}

// Between two batches: asks whether there is to be a checkpoint, and lets the reader come to rest.
absl::Status ChainRun::OfferCheckpoint(size_t pass, ReadAhead& batches) {
  if (plan_.control == nullptr || batches.held()) return absl::OkStatus();
  const CheckpointCall call = plan_.control->Decide(CheckpointChance::kBatch);
  if (call == CheckpointCall::kGoOn) return absl::OkStatus();
  stopping_ = call != CheckpointCall::kSave;
  if (CanSaveIn(pass)) {
    batches.Hold();
    return absl::OkStatus();
  }
  return call == CheckpointCall::kSaveAndStop ? Interrupted() : absl::OkStatus();
}

// The reader is at rest.
absl::Status ChainRun::TakeCheckpoint(size_t pass, ReadAhead& batches) {
  DQ_ASSIGN_OR_RETURN(const bool saved, Save(pass, Within::kMiddle));
  if (stopping_ && (saved || plan_.control->stop_asked())) return Interrupted();
  batches.GoOn();
  return absl::OkStatus();
}

// Before a pass: the last chance when none can be taken in it.
absl::Status ChainRun::BeforePass(size_t pass) {
  const bool has_begun = pass > first_pass_ && content_fingerprint_.has_value();
  if (plan_.control == nullptr || !has_begun) return absl::OkStatus();
  const CheckpointCall call = plan_.control->Decide(
      CanSaveIn(pass) ? CheckpointChance::kBatch : CheckpointChance::kLastForAWhile);
  if (call == CheckpointCall::kGoOn) return absl::OkStatus();
  bool saved = false;
  if (savable_) {
    DQ_ASSIGN_OR_RETURN(saved, Save(pass, Within::kStart));
  }
  const bool stops =
      call == CheckpointCall::kSaveAndStop || (call == CheckpointCall::kSaveThenStop && saved);
  return stops ? Interrupted() : absl::OkStatus();
}

// Writes a checkpoint; returns whether that went well. Only an error of an output is one of the
// chain.
absl::StatusOr<bool> ChainRun::Save(size_t pass, Within within) {
  const auto start = std::chrono::steady_clock::now();
  ChainOutputs::Places places;
  if (within == Within::kMiddle && pass == stages_.size()) {
    DQ_ASSIGN_OR_RETURN(places, outputs_.Sync());
  }
  const absl::Status identified = IdentifyReference();
  const auto put = [&](StateWriter& writer) { return PutState(writer, pass, within, places); };
  const absl::StatusOr<int64_t> bytes =
      identified.ok() ? checkpoints_.Write(put) : absl::StatusOr<int64_t>(identified);
  if (!bytes.ok()) {
    plan_.control->OnFailed(bytes.status());
    return false;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  plan_.control->OnSaved({.sequence = checkpoints_.sequence(),
                          .percent = meter_->percent(),
                          .bytes = *bytes,
                          .seconds = seconds.count(),
                          .stage = meter_->stage(),
                          .fingerprint = Sha256Of(Identity())});
  return true;
}

absl::Status ChainRun::SaveLearned(size_t learner) {
  if (!savable_) return absl::OkStatus();
  const absl::StatusOr<LearnedSection> section = checkpoints_.Append(
      [&](StateWriter& writer) { return stages_[learner]->SaveLearned(writer); });
  if (section.ok()) {
    learned_[learner] = *section;
  } else {
    savable_ = false;
    plan_.control->OnFailed(section.status());
  }
  return absl::OkStatus();
}

// What must be the same for a checkpoint to be used, besides the bytes of the input.
std::string ChainRun::Identity() const {
  return "dq " DQ_VERSION " checkpoint " + std::to_string(kCheckpointFormat) + "\n" +
         ConfigSha256(spec_) + "\n" + reference_identity_.value_or("") + "\n" +
         std::to_string(reader_->source().raw_size_bytes()) + "\n" + Describe(reader_->layout());
}

absl::Status ChainRun::PutState(StateWriter& writer, size_t pass, Within within,
                                const ChainOutputs::Places& places) const {
  writer.PutText(Identity());
  writer.Put(meter_->percent());
  writer.Put(uint64_t{pass});
  writer.Put(static_cast<uint8_t>(within));
  PutInput(writer);
  for (size_t i = 0; i < stages_.size(); ++i) {
    writer.Put(totals_[i].seconds);
    writer.Put(stage_memory_[i].peak_bytes());
    writer.Put(uint8_t{learned_[i].has_value()});
    if (learned_[i].has_value()) writer.Put(*learned_[i]);
  }
  if (within == Within::kStart) return absl::OkStatus();
  writer.Put(meter_->rows_done());
  writer.Put(meter_->bytes_done());
  writer.Put(report_.rows_out);
  for (const ReportStage& stage : report_.stages) {
    writer.Put(stage.rows_in);
    writer.Put(stage.rows_out);
  }
  for (const OutputPlace& place : places) {
    writer.Put(place.size_bytes);
    writer.PutText(place.sha256);
  }
  writer.Put(uint8_t{outputs_.HasRejects()});
  writer.Put(outputs_.cells_guarded());
  for (size_t i = 0; i < pass; ++i) DQ_RETURN_IF_ERROR(stages_[i]->SaveApplied(writer));
  if (pass < stages_.size()) DQ_RETURN_IF_ERROR(stages_[pass]->SaveLearned(writer));
  reader_->SavePlace(writer);
  return absl::OkStatus();
}

// The input as far as it is known: the whole of it, or what the first pass has read.
void ChainRun::PutInput(StateWriter& writer) const {
  const ByteSource& source = reader_->source();
  const bool whole = content_fingerprint_.has_value();
  writer.Put(whole ? source.raw_size_bytes() : source.raw_position());
  writer.Put(content_fingerprint_.value_or(source.raw_fingerprint()));
  writer.Put(uint8_t{whole});
  writer.PutText(whole ? source.sha256() : "");
  writer.Put(rows_.value_or(0));
}

absl::Status ChainRun::StartOver() {
  DQ_RETURN_IF_ERROR(checkpoints_.Clear());
  return outputs_.Clear();
}

// Reads the reference unless it is known: a run that begins anew learns it by the way.
absl::Status ChainRun::IdentifyReference() {
  if (reference_identity_.has_value()) return absl::OkStatus();
  if (files_.reference_fd < 0 || !spec_.reference_sha256.empty()) {
    reference_identity_ = spec_.reference_sha256;
    return absl::OkStatus();
  }
  DQ_ASSIGN_OR_RETURN(const int64_t size, SizeOf(files_.reference_fd));
  DQ_ASSIGN_OR_RETURN(
      const uint64_t fingerprint,
      FileSource::FingerprintOf(files_.reference_fd, size, [this] { return StopAsked(); }));
  NoteReference(size, fingerprint);
  return absl::OkStatus();
}

void ChainRun::NoteReference(int64_t bytes, uint64_t fingerprint) {
  if (reference_identity_.has_value() || !spec_.reference_sha256.empty()) return;
  reference_identity_ = std::to_string(bytes) + "/" + std::to_string(fingerprint);
}

absl::StatusOr<ChainStart> ChainRun::Resume() {
  DQ_RETURN_IF_ERROR(IdentifyReference());
  DQ_ASSIGN_OR_RETURN(StateReader reader, checkpoints_.OpenNewest());
  const std::string identity = reader.GetText(kIdentityBytesMax);
  DQ_RETURN_IF_ERROR(reader.status());
  if (identity != Identity()) return DifferenceOf(identity);
  if (checkpoints_.sequence() < plan_.wanted.sequence_min) {
    return CheckpointInvalid("the one to go on from is gone");
  }
  if (!plan_.wanted.fingerprint.empty() && plan_.wanted.fingerprint != Sha256Of(identity)) {
    return CheckpointInvalid("it is not the one to go on from");
  }
  restored_ = true;
  ChainStart start{.resumed = true, .sequence = checkpoints_.sequence(), .reason = ""};
  start.percent = reader.Get<double>();
  first_pass_ = static_cast<size_t>(reader.GetCount(static_cast<int64_t>(stages_.size())));
  first_within_ = reader.GetBool() ? Within::kMiddle : Within::kStart;
  DQ_RETURN_IF_ERROR(RestoreInput(reader));
  DQ_RETURN_IF_ERROR(RestoreLearned(reader, first_pass_));
  if (first_within_ == Within::kMiddle) DQ_RETURN_IF_ERROR(RestoreMiddle(reader));
  DQ_RETURN_IF_ERROR(reader.status());
  if (!reader.AtEnd()) return CheckpointInvalid("it is longer than it should be");
  return start;
}

// Says which line of the identity is another one.
absl::Status ChainRun::DifferenceOf(std::string_view identity) const {
  static constexpr std::array kWhat = {"another version of dq wrote it", "other options were given",
                                       "the reference is another one", "the input is another one",
                                       "the input is another one"};
  const std::string own = Identity();
  const auto line_of = [](std::string_view text, size_t line) {
    for (; line > 0; --line) {
      const size_t end = text.find('\n');
      if (end == std::string_view::npos) return std::string_view();
      text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
  };
  for (size_t line = 0; line < kWhat.size(); ++line) {
    if (line_of(identity, line) != line_of(own, line)) return CheckpointInvalid(kWhat[line]);
  }
  return CheckpointInvalid("it is for another chain");
}

absl::Status ChainRun::RestoreInput(StateReader& reader) {
  const int64_t known_bytes = reader.GetCount(reader_->source().raw_size_bytes());
  const auto fingerprint = reader.Get<uint64_t>();
  const bool whole = reader.GetBool();
  const std::string sha256 = reader.GetText(kSha256HexBytes);
  const int64_t rows = reader.GetCount(kStateCountMax);
  DQ_RETURN_IF_ERROR(reader.status());
  DQ_ASSIGN_OR_RETURN(
      const uint64_t found,
      FileSource::FingerprintOf(files_.input_fd, known_bytes, [this] { return StopAsked(); }));
  if (found != fingerprint) return CheckpointInvalid("the input is another one");
  if (!whole) return absl::OkStatus();
  content_fingerprint_ = fingerprint;
  rows_ = rows;
  reader_->AssumeContent(fingerprint, sha256);
  return CheckInput();
}

// Brings the stages before `pass` to what they had learned.
absl::Status ChainRun::RestoreLearned(StateReader& reader, size_t pass) {
  for (size_t i = 0; i < stages_.size(); ++i) {
    totals_[i].seconds = reader.Get<double>();
    stage_memory_[i].NotePeak(reader.Get<int64_t>());
    const bool has_learned = reader.GetBool();
    if (!has_learned && i < pass && stages_[i]->learned_state() == LearnedState::kCollected) {
      reader.Fail("its parts do not fit");
    }
    if (!has_learned) continue;
    learned_[i] = reader.Get<LearnedSection>();
    const LearnedSection& section = *learned_[i];
    if (section.offset < 0 || section.offset > kStateCountMax || section.size_bytes < 0 ||
        section.size_bytes > kStateCountMax || i >= pass ||
        stages_[i]->learned_state() == LearnedState::kNotSaved) {
      reader.Fail("its parts do not fit");
    }
    DQ_RETURN_IF_ERROR(reader.status());
    DQ_ASSIGN_OR_RETURN(StateReader learned, checkpoints_.OpenLearned(section));
    DQ_RETURN_IF_ERROR(stages_[i]->Begin(Pass::kLearn, reader_->columns()));
    DQ_RETURN_IF_ERROR(stages_[i]->RestoreLearned(learned));
    if (!learned.AtEnd()) return CheckpointInvalid("what was learned is longer than it should be");
    if (stages_[i]->learned_state() == LearnedState::kCollected) {
      DQ_RETURN_IF_ERROR(stages_[i]->EndLearn());
    }
  }
  return reader.status();
}

// Begins the first pass where the checkpoint was taken.
absl::Status ChainRun::RestoreMiddle(StateReader& reader) {
  const bool last = first_pass_ == stages_.size();
  first_rows_ = reader.GetCount(kStateCountMax);
  first_bytes_ = reader.GetCount(reader_->source().raw_size_bytes());
  report_.rows_out = reader.GetCount(kStateCountMax);
  for (ReportStage& stage : report_.stages) {
    stage.rows_in = reader.GetCount(kStateCountMax);
    stage.rows_out = reader.GetCount(kStateCountMax);
  }
  ChainOutputs::Places places;
  for (OutputPlace& place : places) {
    place.size_bytes = reader.Get<int64_t>();
    place.sha256 = reader.GetText(kSha256HexBytes);
  }
  const bool has_rejects = reader.GetBool();
  const int64_t guarded = reader.GetCount(kStateCountMax);
  DQ_RETURN_IF_ERROR(reader.status());
  for (size_t i = 0; i < stages_.size() && i <= first_pass_; ++i) {
    const Pass pass = i == first_pass_ ? Pass::kLearn : Pass::kApply;
    DQ_RETURN_IF_ERROR(stages_[i]->Begin(pass, reader_->columns()));
  }
  for (size_t i = 0; i < first_pass_; ++i) {
    DQ_RETURN_IF_ERROR(stages_[i]->RestoreApplied(reader));
  }
  if (!last) DQ_RETURN_IF_ERROR(stages_[first_pass_]->RestoreLearned(reader));
  if (last) {
    DQ_RETURN_IF_ERROR(outputs_.Resume(reader_->layout(), NumberColumns(), places, has_rejects,
                                       [this] { return StopAsked(); }));
    outputs_.AddGuardedBefore(guarded);
  }
  return reader_->ResumePass(last ? outputs_.rejects() : nullptr, reader,
                             [this] { return StopAsked(); });
}

}  // namespace dq
