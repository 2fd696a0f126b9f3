#include "worker/api/job_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/error.h"
#include "worker/chain/form_settings.h"

namespace dq {
namespace {

v1::Grant SomeGrant() {
  v1::Grant grant;
  grant.mutable_lease()->set_job("projects/p/jobs/j");
  grant.mutable_lease()->set_attempt(3);
  grant.mutable_lease()->set_token("0123456789abcdef0123456789abcdef");
  grant.mutable_input()->set_uri("file:///in.csv");
  grant.mutable_input()->set_size_bytes(7);
  grant.mutable_input()->set_sha256("ab");
  grant.mutable_input()->set_display_name("customers.csv");
  grant.set_output_prefix("file:///projects/p/jobs/j");
  grant.add_stages()->mutable_complete();
  return grant;
}

ChainOrder ReadChainOrder(const v1::Grant& grant) {
  return std::get<ChainOrder>(ReadGrant(grant, {int64_t{64} << 20, 3}).value());
}

TEST(ReadGrant, AChainIsTranslatedWithItsSurroundings) {
  v1::Grant grant = SomeGrant();
  grant.mutable_execution_timeout()->set_seconds(5);
  const ChainOrder order = ReadChainOrder(grant);
  EXPECT_EQ(order.input.uri, "file:///in.csv");
  EXPECT_EQ(order.input.size_bytes, 7);
  EXPECT_EQ(order.spec.input_sha256, "ab");
  EXPECT_EQ(order.spec.display_name, "customers.csv");
  EXPECT_EQ(order.spec.memory_limit_bytes, int64_t{64} << 20);
  EXPECT_EQ(order.spec.threads, 3);
  EXPECT_EQ(order.output_prefix, "file:///projects/p/jobs/j");
  EXPECT_EQ(order.output_directory, "a3-01234567");
  EXPECT_EQ(order.timeout, absl::Seconds(5));
  EXPECT_FALSE(order.reference.has_value());
  EXPECT_FALSE(order.spec.gate.has_value());
}

TEST(ReadGrant, ACheckpointOfAnEarlierAttemptIsWhereToGoOn) {
  v1::Grant grant = SomeGrant();
  EXPECT_FALSE(ReadChainOrder(grant).resume.has_value());
  grant.mutable_checkpoint()->set_attempt(2);
  grant.mutable_checkpoint()->set_sequence(9);
  grant.mutable_checkpoint()->set_directory("a2-76543210");
  grant.mutable_checkpoint()->set_fingerprint("f");
  const auto resume = ReadChainOrder(grant).resume;
  ASSERT_TRUE(resume.has_value());
  EXPECT_EQ(resume->directory, "a2-76543210");
  EXPECT_EQ(resume->checkpoint.sequence_min, 9);
  EXPECT_EQ(resume->checkpoint.fingerprint, "f");
}

TEST(ReadGrant, WhatCannotBeACheckpointOfAnEarlierAttemptIsNone) {
  for (const char* directory : {"", "a3-01234567", "a1-01234567", "../a2-01234567", "b2-0"}) {
    v1::Grant grant = SomeGrant();  // Attempt 3.
    grant.mutable_checkpoint()->set_attempt(2);
    grant.mutable_checkpoint()->set_sequence(1);
    grant.mutable_checkpoint()->set_directory(directory);
    EXPECT_FALSE(ReadChainOrder(grant).resume.has_value()) << directory;
  }
}

TEST(ReadGrant, WhatANewerSchedulerSaysBesidesIsIgnored) {
  v1::Grant grant = SomeGrant();
  grant.GetReflection()->MutableUnknownFields(&grant)->AddVarint(1000, 7);
  v1::Lease& lease = *grant.mutable_lease();
  lease.GetReflection()->MutableUnknownFields(&lease)->AddLengthDelimited(1001, "new");
  EXPECT_EQ(ReadChainOrder(grant).output_directory, "a3-01234567");
}

TEST(ReadGrant, UnsetOptionsAreTheStagesDefaults) {
  v1::Grant grant = SomeGrant();
  grant.add_stages()->mutable_dedupe();
  const ChainOrder order = ReadChainOrder(grant);
  const auto& complete = std::get<CompleteOptions>(order.spec.stages.at(0));
  EXPECT_EQ(complete.fill, FillMethod::kDependency);
  EXPECT_EQ(complete.min_confidence, CompleteOptions{}.min_confidence);
  EXPECT_EQ(std::get<DedupeOptions>(order.spec.stages.at(1)).match, MatchKind::kNormalised);
  EXPECT_EQ(order.timeout, absl::InfiniteDuration());
}

TEST(ReadGrant, StageOptionsReferenceAndGateAreKept) {
  v1::Grant grant = SomeGrant();
  v1::CompleteOptions& complete = *grant.mutable_stages(0)->mutable_complete();
  complete.add_key_columns("id");
  complete.set_fill(v1::FILL_METHOD_STATISTIC);
  complete.add_missing_tokens("x");
  complete.add_not_missing_tokens("none");
  complete.set_min_confidence(0.75);
  complete.set_detect(v1::DETECTION_VOCABULARY);
  complete.set_statistic(v1::STATISTIC_MEAN);
  complete.add_fill_values()->set_column("country");
  complete.mutable_fill_values(0)->set_value("none given");
  complete.set_keep_intermediate(true);
  v1::DedupeOptions& dedupe = *grant.add_stages()->mutable_dedupe();
  dedupe.add_columns("name");
  dedupe.set_match(v1::MATCH_KIND_FUZZY);
  dedupe.set_match_threshold(0.9);
  dedupe.set_duplicates(v1::DUPLICATE_HANDLING_KEEP);
  grant.mutable_reference()->set_uri("file:///ref.csv");
  grant.mutable_reference()->set_sha256("cd");
  grant.mutable_reference()->add_key_columns("key");
  grant.mutable_gate()->set_min_score(90);
  const ChainOrder order = ReadChainOrder(grant);
  const auto& first = std::get<CompleteOptions>(order.spec.stages.at(0));
  EXPECT_THAT(first.key_columns, testing::ElementsAre("id"));
  EXPECT_EQ(first.fill, FillMethod::kStatistic);
  EXPECT_THAT(first.missing_tokens, testing::ElementsAre("x"));
  EXPECT_THAT(first.not_missing_tokens, testing::ElementsAre("none"));
  EXPECT_EQ(first.min_confidence, 0.75);
  EXPECT_EQ(first.detect, Detection::kVocabulary);
  EXPECT_EQ(first.statistic, Statistic::kMean);
  EXPECT_EQ(first.fill_values.at(0).column, "country");
  EXPECT_EQ(first.fill_values.at(0).value, "none given");
  EXPECT_TRUE(first.keep_intermediate);
  const auto& second = std::get<DedupeOptions>(order.spec.stages.at(1));
  EXPECT_THAT(second.columns, testing::ElementsAre("name"));
  EXPECT_EQ(second.match, MatchKind::kFuzzy);
  EXPECT_EQ(second.match_threshold, 0.9);
  EXPECT_EQ(second.duplicates, DuplicateHandling::kKeep);
  EXPECT_EQ(order.reference->uri, "file:///ref.csv");
  EXPECT_EQ(order.spec.reference_sha256, "cd");
  EXPECT_THAT(order.spec.reference_key_columns, testing::ElementsAre("key"));
  EXPECT_EQ(order.spec.gate->min_score, 90);
}

TEST(ReadGrant, TheFormByHandIsThatOfTheChain) {
  v1::Grant grant = SomeGrant();
  EXPECT_TRUE(FormSettings(ReadChainOrder(grant).spec.form).empty());
  const std::map<std::string, std::string> form = {
      {"format", "csv"},        {"encoding", "latin-1"},  {"delimiter", ";"},
      {"quote", "'"},           {"escape", "none"},       {"comment", "#"},
      {"skip_space", "no"},     {"header", "no"},         {"line_end", "crlf"},
      {"skip_lines", "2"},      {"output_format", "tsv"}, {"output_compression", "gzip"},
      {"formula_guard", "yes"}, {"on_bad_row", "pad"}};
  grant.mutable_form()->insert(form.begin(), form.end());
  EXPECT_THAT(FormSettings(ReadChainOrder(grant).spec.form),
              testing::UnorderedElementsAreArray(form.begin(), form.end()));
}

TEST(ReadGrant, NoopStagesAddUp) {
  v1::Grant grant;
  grant.add_stages()->mutable_noop()->set_duration_ms(20);
  grant.add_stages()->mutable_noop()->set_duration_ms(5);
  const JobOrder order = ReadGrant(grant, {}).value();
  EXPECT_EQ(std::get<NoopOrder>(order).duration, absl::Milliseconds(25));
}

TEST(ReadGrant, WhatCannotRunIsAConfigurationError) {
  v1::Grant mixed = SomeGrant();
  mixed.add_stages()->mutable_noop();
  v1::Grant unknown = SomeGrant();
  unknown.add_stages();
  v1::Grant empty = SomeGrant();
  empty.clear_stages();
  v1::Grant without_input = SomeGrant();
  without_input.clear_input();
  v1::Grant unknown_form = SomeGrant();
  (*unknown_form.mutable_form())["separator"] = ";";
  v1::Grant same_character = SomeGrant();
  (*same_character.mutable_form())["delimiter"] = "'";
  (*same_character.mutable_form())["quote"] = "'";
  const std::pair<v1::Grant, const char*> cases[] = {
      {unknown_form, "BAD_FIELD"}, {same_character, "BAD_FIELD"}, {mixed, "BAD_FIELD"},
      {unknown, "UNKNOWN_STAGE"},  {empty, "BAD_FIELD"},          {without_input, "BAD_FIELD"}};
  for (const auto& [grant, reason] : cases) {
    const absl::Status status = ReadGrant(grant, {}).status();
    EXPECT_EQ(ReasonOf(status), reason) << grant.DebugString();
    EXPECT_EQ(MetadataOf(status)["category"], "configuration");
  }
}

}  // namespace
}  // namespace dq
