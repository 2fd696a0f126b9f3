#include "scheduler/api/spec_validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"

namespace dq {
namespace {

using Edit = std::function<void(v1::CreateJobRequest&)>;

v1::CreateJobRequest ValidRequest() {
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_job()->mutable_spec()->set_input_file("projects/default/files/f-1");
  return request;
}

absl::Status Validate(const Edit& edit) {
  v1::CreateJobRequest request = ValidRequest();
  edit(request);
  return ValidateCreateJob(request);
}

std::vector<std::string> WrongFields(const Edit& edit) {
  const absl::Status status = Validate(edit);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ReasonOf(status), "BAD_FIELD");
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    EXPECT_FALSE(violation.description.empty());
    fields.push_back(violation.field);
  }
  return fields;
}

v1::JobSpec& Spec(v1::CreateJobRequest& request) { return *request.mutable_job()->mutable_spec(); }

void SetFillValue(v1::CompleteOptions& options, const char* column, const char* value) {
  v1::FillValue& fill = *options.add_fill_values();
  fill.set_column(column);
  fill.set_value(value);
}

TEST(SpecValidation, DefaultsAreValid) { EXPECT_TRUE(ValidateCreateJob(ValidRequest()).ok()); }

TEST(SpecValidation, NoopChainNeedsNoInput) {
  EXPECT_TRUE(Validate([](auto& request) {
                Spec(request).clear_input_file();
                Spec(request).add_stages()->mutable_noop();
              }).ok());
}

TEST(SpecValidation, StageWithoutKindIsUnknown) {
  const absl::Status status = Validate([](auto& request) {
    Spec(request).add_stages()->mutable_dedupe();
    Spec(request).add_stages();
  });
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_STAGE");
  EXPECT_EQ(FieldViolationsOf(status).at(0).field, "job.spec.stages[1]");
}

struct BadFieldCase {
  std::string field;
  Edit edit;
};

class SpecValidationBadField : public testing::TestWithParam<BadFieldCase> {};

TEST_P(SpecValidationBadField, IsNamed) {
  EXPECT_THAT(WrongFields(GetParam().edit), testing::ElementsAre(GetParam().field));
}

using Request = v1::CreateJobRequest;
using Form = std::map<std::string, std::string>;

Edit WithForm(const Form& form) {
  return [form](Request& r) { Spec(r).mutable_form()->insert(form.begin(), form.end()); };
}

TEST(SpecValidation, EveryPartOfTheFormMayBeGiven) {
  EXPECT_TRUE(Validate(WithForm({{"format", "csv"},
                                 {"encoding", "windows-1252"},
                                 {"delimiter", "semicolon"},
                                 {"quote", "'"},
                                 {"escape", "none"},
                                 {"comment", "#"},
                                 {"skip_space", "yes"},
                                 {"header", "no"},
                                 {"line_end", "crlf"},
                                 {"skip_lines", "1000000"},
                                 {"output_format", "jsonl"},
                                 {"output_compression", "zstd"},
                                 {"formula_guard", "yes"},
                                 {"on_bad_row", "fail"}}))
                  .ok());
  EXPECT_TRUE(Validate(WithForm({{"quote", "none"}, {"escape", "none"}})).ok());
}

INSTANTIATE_TEST_SUITE_P(
    EveryField, SpecValidationBadField,
    testing::ValuesIn(std::vector<BadFieldCase>{
        {"parent", [](Request& r) { r.set_parent("default"); }},
        {"parent", [](Request& r) { r.set_parent("projects/UPPER"); }},
        {"job_id", [](Request& r) { r.set_job_id("1abc"); }},
        {"job_id", [](Request& r) { r.set_job_id("abc-"); }},
        {"job_id", [](Request& r) { r.set_job_id(std::string(64, 'a')); }},
        {"request_id", [](Request& r) { r.set_request_id(std::string(65, 'x')); }},
        {"request_id", [](Request& r) { r.set_request_id(std::string(1, '\0')); }},
        {"job.display_name",
         [](Request& r) { r.mutable_job()->set_display_name(std::string(201, 'x')); }},
        {"job.display_name", [](Request& r) { r.mutable_job()->set_display_name("a\nb"); }},
        {"job.labels", [](Request& r) { (*r.mutable_job()->mutable_labels())[""] = "x"; }},
        {"job.labels",
         [](Request& r) { (*r.mutable_job()->mutable_labels())["k"] = std::string(64, 'v'); }},
        {"job.labels",
         [](Request& r) {
           for (int i = 0; i < 65; ++i) {
             (*r.mutable_job()->mutable_labels())["k" + std::to_string(i)] = "";
           }
         }},
        {"job.spec.input_file", [](Request& r) { Spec(r).clear_input_file(); }},
        {"job.spec.input_file", [](Request& r) { Spec(r).set_input_file("../etc/passwd"); }},
        {"job.spec.input_file",
         [](Request& r) { Spec(r).set_input_file("projects/other/files/f-1"); }},
        {"job.spec.reference", [](Request& r) { Spec(r).set_reference("r-1"); }},
        {"job.spec.reference",
         [](Request& r) {
           Spec(r).add_stages()->mutable_dedupe();
           Spec(r).set_reference("projects/default/references/r-1");
         }},
        {"job.spec.stages",
         [](Request& r) {
           for (int i = 0; i < 17; ++i) Spec(r).add_stages()->mutable_noop();
         }},
        {"job.spec.stages[1]",
         [](Request& r) {
           for (int i = 0; i < 2; ++i) Spec(r).add_stages()->mutable_dedupe();
         }},
        {"job.spec.stages[0].complete.min_confidence",
         [](Request& r) { Spec(r).add_stages()->mutable_complete()->set_min_confidence(1.5); }},
        {"job.spec.stages[0].complete.detect",
         [](Request& r) {
           Spec(r).add_stages()->mutable_complete()->set_detect(static_cast<v1::Detection>(77));
         }},
        {"job.spec.stages[0].complete.statistic",
         [](Request& r) {
           Spec(r).add_stages()->mutable_complete()->set_statistic(v1::STATISTIC_MEAN);
         }},
        {"job.spec.stages[0].complete.fill_values",
         [](Request& r) {
           v1::CompleteOptions& complete = *Spec(r).add_stages()->mutable_complete();
           complete.set_fill(v1::FILL_METHOD_NONE);
           SetFillValue(complete, "a", "b");
         }},
        {"job.spec.stages[0].complete.fill_values",
         [](Request& r) {
           v1::CompleteOptions& complete = *Spec(r).add_stages()->mutable_complete();
           SetFillValue(complete, "a", "b");
           SetFillValue(complete, "a", "c");
         }},
        {"job.spec.stages[0].complete.fill_values",
         [](Request& r) { SetFillValue(*Spec(r).add_stages()->mutable_complete(), "a", " "); }},
        {"job.spec.stages[0].complete.fill_values",
         [](Request& r) {
           v1::CompleteOptions& complete = *Spec(r).add_stages()->mutable_complete();
           complete.add_key_columns("a");
           SetFillValue(complete, "a", "b");
         }},
        {"job.spec.stages[1].complete.keep_intermediate",
         [](Request& r) {
           Spec(r).add_stages()->mutable_dedupe();
           Spec(r).add_stages()->mutable_complete()->set_keep_intermediate(true);
         }},
        {"job.spec.stages[0].complete.fill",
         [](Request& r) {
           Spec(r).add_stages()->mutable_complete()->set_fill(static_cast<v1::FillMethod>(77));
         }},
        {"job.spec.stages[0].complete.key_columns",
         [](Request& r) {
           auto* complete = Spec(r).add_stages()->mutable_complete();
           complete->add_key_columns("id");
           complete->add_key_columns("id");
         }},
        {"job.spec.stages[0].dedupe.match",
         [](Request& r) {
           Spec(r).add_stages()->mutable_dedupe()->set_match(static_cast<v1::MatchKind>(9));
         }},
        {"job.spec.stages[0].dedupe.survivor",
         [](Request& r) {
           Spec(r).add_stages()->mutable_dedupe()->set_survivor(static_cast<v1::SurvivorKind>(9));
         }},
        {"job.spec.stages[0].dedupe.match_threshold",
         [](Request& r) { Spec(r).add_stages()->mutable_dedupe()->set_match_threshold(0.9); }},
        {"job.spec.stages[0].dedupe.match_threshold",
         [](Request& r) {
           auto* dedupe = Spec(r).add_stages()->mutable_dedupe();
           dedupe->set_match(v1::MATCH_KIND_FUZZY);
           dedupe->set_match_threshold(1);
         }},
        {"job.spec.stages[0].dedupe.merge",
         [](Request& r) {
           auto* dedupe = Spec(r).add_stages()->mutable_dedupe();
           dedupe->set_duplicates(v1::DUPLICATE_HANDLING_KEEP);
           dedupe->set_merge(true);
         }},
        {"job.spec.stages[0].noop.duration_ms",
         [](Request& r) { Spec(r).add_stages()->mutable_noop()->set_duration_ms(3'600'001); }},
        {"job.spec.form.separator", WithForm({{"separator", ","}})},
        {"job.spec.form", WithForm({{"line\nend", "lf"}})},
        {"job.spec.form.format", WithForm({{"format", "xls"}})},
        {"job.spec.form.encoding", WithForm({{"encoding", "utf-7"}})},
        {"job.spec.form.delimiter", WithForm({{"delimiter", "none"}})},
        {"job.spec.form.delimiter", WithForm({{"delimiter", ";;"}})},
        {"job.spec.form.quote", WithForm({{"quote", "é"}})},
        {"job.spec.form.escape", WithForm({{"escape", ""}})},
        {"job.spec.form.comment", WithForm({{"comment", "\n"}})},
        {"job.spec.form.quote", WithForm({{"delimiter", "bar"}, {"quote", "|"}})},
        {"job.spec.form.header", WithForm({{"header", "maybe"}})},
        {"job.spec.form.skip_space", WithForm({{"skip_space", "true"}})},
        {"job.spec.form.line_end", WithForm({{"line_end", "\n"}})},
        {"job.spec.form.skip_lines", WithForm({{"skip_lines", "-1"}})},
        {"job.spec.form.skip_lines", WithForm({{"skip_lines", "1000001"}})},
        {"job.spec.form.output_format", WithForm({{"output_format", "auto"}})},
        {"job.spec.form.output_compression", WithForm({{"output_compression", "zip"}})},
        {"job.spec.form.formula_guard", WithForm({{"formula_guard", ""}})},
        {"job.spec.form.on_bad_row", WithForm({{"on_bad_row", "skip"}})},
        {"job.spec.form",
         [](Request& r) {
           for (int i = 0; i < 17; ++i) (*Spec(r).mutable_form())["x" + std::to_string(i)] = "";
         }},
        {"job.spec.form",
         [](Request& r) {
           Spec(r).add_stages()->mutable_noop();
           (*Spec(r).mutable_form())["format"] = "csv";
         }},
        {"job.spec.queue", [](Request& r) { Spec(r).set_queue("Not An Id"); }},
        {"job.spec.priority", [](Request& r) { Spec(r).set_priority(101); }},
        {"job.spec.priority", [](Request& r) { Spec(r).set_priority(-101); }},
        {"job.spec.retry.max_attempts",
         [](Request& r) { Spec(r).mutable_retry()->set_max_attempts(101); }},
        {"job.spec.retry.multiplier",
         [](Request& r) { Spec(r).mutable_retry()->set_multiplier(0.5); }},
        {"job.spec.retry.backoff",
         [](Request& r) { Spec(r).mutable_retry()->mutable_backoff()->set_seconds(-1); }},
        {"job.spec.retry.backoff_cap",
         [](Request&
                r) { Spec(r).mutable_retry()->mutable_backoff_cap()->set_nanos(2'000'000'000); }},
        {"job.spec.execution_timeout", [](Request& r) { Spec(r).mutable_execution_timeout(); }},
        {"job.spec.no_progress_timeout", [](Request& r) { Spec(r).mutable_no_progress_timeout(); }},
        {"job.spec.no_progress_timeout",
         [](Request& r) { Spec(r).mutable_no_progress_timeout()->set_seconds(9); }},
        {"job.spec.start_deadline",
         [](Request& r) { Spec(r).mutable_start_deadline()->set_nanos(-1); }},
        {"job.spec.start_deadline",
         [](Request& r) {
           Spec(r).mutable_not_before()->set_seconds(2'000'000'000);
           Spec(r).mutable_start_deadline()->set_seconds(2'000'000'000);
         }},
        {"job.spec.not_before",
         [](Request& r) { Spec(r).mutable_not_before()->set_seconds(999'999'999'999); }},
        {"job.spec.gate.min_score",
         [](Request& r) { Spec(r).mutable_gate()->set_min_score(100.5); }},
        {"job.spec.gate.max_duplicate_ratio",
         [](Request& r) { Spec(r).mutable_gate()->set_max_duplicate_ratio(-0.1); }},
    }));

TEST(SpecValidation, BytesAreBoundedWithThoseOfUnknownFields) {
  EXPECT_THAT(WrongFields([](auto& request) {
                Spec(request)
                    .GetReflection()
                    ->MutableUnknownFields(&Spec(request))
                    ->AddLengthDelimited(9999, std::string(256 * 1024, 'x'));
              }),
              testing::ElementsAre("job.spec"));
}

TEST(SpecValidation, AllViolationsAreToldAtOnce) {
  EXPECT_THAT(WrongFields([](auto& request) {
                request.set_parent("nowhere");
                Spec(request).set_priority(1000);
                Spec(request).clear_input_file();
              }),
              testing::UnorderedElementsAre("parent", "job.spec.priority", "job.spec.input_file"));
}

TEST(SpecValidation, OfStagesByTheTenThousandItIsToldOnceThatTheyAreTooMany) {
  EXPECT_THAT(WrongFields([](auto& request) {
                for (int i = 0; i < 20'000; ++i) Spec(request).add_stages()->mutable_complete();
              }),
              testing::ElementsAre("job.spec.stages"));
}

TEST(SpecValidation, EachRepeatedStageIsNamedOnce) {
  EXPECT_THAT(WrongFields([](auto& request) {
                for (int i = 0; i < 3; ++i) Spec(request).add_stages()->mutable_dedupe();
              }),
              testing::ElementsAre("job.spec.stages[1]", "job.spec.stages[2]"));
}

TEST(SpecValidation, AJobDependsOnOtherJobsOfItsProjectEachOnce) {
  const auto depend = [](v1::CreateJobRequest& request, const std::string& name) {
    Spec(request).add_depends_on(name);
  };
  EXPECT_TRUE(Validate([&](auto& request) {
                depend(request, "projects/default/jobs/a");
                depend(request, "projects/default/jobs/b");
              }).ok());
  EXPECT_THAT(WrongFields([&](auto& request) {
                request.set_job_id("me");
                for (const char* name : {"", "projects/other/jobs/a", "a",
                                         "projects/default/files/f", "projects/default/jobs/me",
                                         "projects/default/jobs/a", "projects/default/jobs/a"}) {
                  depend(request, name);
                }
              }),
              testing::ElementsAre("job.spec.depends_on[0]", "job.spec.depends_on[1]",
                                   "job.spec.depends_on[2]", "job.spec.depends_on[3]",
                                   "job.spec.depends_on[4]", "job.spec.depends_on[6]"));
  EXPECT_THAT(WrongFields([&](auto& request) {
                for (int i = 0; i < 20'000; ++i) depend(request, "");
              }),
              testing::ElementsAre("job.spec.depends_on"));
}

TEST(SpecValidation, AVersionGoesWithItsReferenceAndAnOptOutWithNone) {
  EXPECT_THAT(WrongFields([](auto& request) {
                v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
                spec.set_reference_version(2);
              }),
              testing::ElementsAre("job.spec.reference_version"));
  EXPECT_THAT(WrongFields([](auto& request) {
                v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
                spec.set_reference("projects/default/references/r");
                spec.set_reference_version(-1);
                spec.set_no_reference(true);
              }),
              testing::ElementsAre("job.spec.no_reference", "job.spec.reference_version"));
}

TEST(SpecValidation, CharactersAreCountedNotBytes) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "\xc3\xa4";
  EXPECT_TRUE(
      Validate([&name](auto& request) { request.mutable_job()->set_display_name(name); }).ok());
}

}  // namespace
}  // namespace dq
