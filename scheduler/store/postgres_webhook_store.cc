#include "scheduler/store/postgres_webhook_store.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/made_before.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

constexpr int64_t kPurgedMax = 2000;
// Far longer than a commit may take that read a webhook before it was deleted.
constexpr absl::Duration kDeletedStays = absl::Minutes(5);

absl::Status AnotherLeads(int64_t epoch) {
  return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                   "another scheduler leads: epoch " + std::to_string(epoch) + " is over");
}

absl::Status NotFound(const std::string& webhook) {
  return MakeError(absl::StatusCode::kNotFound, "WEBHOOK_NOT_FOUND",
                   "there is no webhook " + webhook + "; ListWebhooks names those there are",
                   {{"webhook", webhook}});
}

absl::Status DeliveryNotFound(DeliveryKey key) {
  return MakeError(absl::StatusCode::kNotFound, "DELIVERY_NOT_FOUND",
                   "there is no delivery " + std::to_string(key) +
                       " of this webhook: deliveries are kept for some days");
}

WebhookRecord ReadWebhook(const pqxx::row& row) {
  WebhookRecord webhook;
  webhook.key = row["key"].as<WebhookKey>();
  webhook.project = row["project"].c_str();
  webhook.id = row["id"].c_str();
  webhook.uid = row["uid"].c_str();
  webhook.request_id = row["request_id"].c_str();
  webhook.request_hash = row["request_hash"].c_str();
  webhook.display_name = row["display_name"].c_str();
  webhook.url = row["url"].c_str();
  webhook.secret = row["secret"].c_str();
  webhook.events = row["events"].as<int32_t>();
  webhook.created_by = row["created_by"].c_str();
  webhook.create_time = ReadTime(row["create_time"]);
  webhook.failing_since = ReadTime(row["failing_since"]);
  webhook.disable_time = ReadTime(row["disable_time"]);
  webhook.disabling = static_cast<WebhookDisabling>(row["disable_reason"].as<int16_t>());
  return webhook;
}

absl::StatusOr<WebhookRecord> OnlyWebhook(const pqxx::result& rows, const std::string& webhook) {
  if (rows.empty()) return NotFound(webhook);
  return ReadWebhook(rows[0]);
}

WebhookDelivery ReadDelivery(const pqxx::row& row) {
  WebhookDelivery delivery;
  delivery.key = row["key"].as<DeliveryKey>();
  delivery.event = static_cast<WebhookEvent>(row["event"].as<int16_t>());
  delivery.subject = row["subject_key"].as<int64_t>();
  delivery.subject_id = row["subject_id"].c_str();
  delivery.reason = row["reason"].c_str();
  delivery.time = ReadTime(row["time"]);
  delivery.state = static_cast<DeliveryState>(row["state"].as<int16_t>());
  delivery.due = ReadTime(row["due_time"]);
  delivery.attempts = row["attempts"].as<int32_t>();
  delivery.tries = row["tries"].as<int32_t>();
  delivery.last_time = ReadTime(row["last_time"]);
  delivery.last_status = row["last_status"].as<int32_t>();
  delivery.last_error = row["last_error"].c_str();
  delivery.last_latency = absl::Microseconds(row["last_latency_us"].as<int64_t>());
  return delivery;
}

std::optional<DeliverySubject> ReadSubject(const pqxx::row& row) {
  if (row["subject_uid"].is_null()) return std::nullopt;
  DeliverySubject subject;
  subject.uid = row["subject_uid"].c_str();
  subject.labels = MapFromJson(row["labels"].c_str());
  subject.batch = row["batch_id"].c_str();
  subject.index = row["operation_index"].as<int32_t>();
  if (!row["verdict"].is_null()) {
    subject.verdict = static_cast<Verdict>(row["verdict"].as<int16_t>());
  }
  if (!row["quality_score"].is_null()) subject.quality_score = row["quality_score"].as<double>();
  subject.operations = row["operations"].as<int32_t>();
  return subject;
}

DueDelivery ReadDue(const pqxx::row& row) {
  DueDelivery due;
  due.delivery = ReadDelivery(row);
  due.webhook.key = row["webhook_key"].as<WebhookKey>();
  due.webhook.project = row["project"].c_str();
  due.webhook.id = row["id"].c_str();
  due.webhook.uid = row["uid"].c_str();
  due.webhook.url = row["url"].c_str();
  due.webhook.secret = row["secret"].c_str();
  due.webhook.failing_since = ReadTime(row["failing_since"]);
  due.subject = ReadSubject(row);
  return due;
}

std::string ToJson(const std::vector<DeliveryAttempt>& attempts) {
  nlohmann::json list = nlohmann::json::array();
  for (const DeliveryAttempt& attempt : attempts) {
    nlohmann::json row;
    row["key"] = attempt.key;
    row["attempts"] = attempt.attempts;
    row["state"] = static_cast<int>(attempt.state);
    if (attempt.state == DeliveryState::kWaiting) row["due_us"] = absl::ToUnixMicros(attempt.due);
    row["time_us"] = absl::ToUnixMicros(attempt.time);
    row["status"] = attempt.answer.status;
    row["error"] = StorableText(attempt.answer.error);
    row["latency_us"] = absl::ToInt64Microseconds(attempt.answer.latency);
    list.push_back(std::move(row));
  }
  return list.dump();
}

pqxx::result InsertWebhook(Transaction& transaction, const WebhookRecord& webhook,
                           const std::string& cell, int64_t epoch) {
  return transaction.Run(sql::kInsertWebhook, webhook.project, webhook.id, webhook.uid,
                         webhook.request_id, webhook.request_hash,
                         StorableText(webhook.display_name), StorableText(webhook.url),
                         webhook.secret, webhook.events, StorableText(webhook.created_by),
                         TimeText(webhook.create_time), cell, epoch, kWebhooksPerProjectMax);
}

}  // namespace

absl::StatusOr<Created<WebhookRecord>> PostgresWebhookStore::CreateWebhook(
    const WebhookRecord& webhook, int64_t epoch) {
  absl::StatusOr<Created<WebhookRecord>> created = Created<WebhookRecord>{webhook, false};
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const pqxx::result rows = InsertWebhook(transaction, webhook, cell_, epoch);
    if (rows.empty()) {
      created = Existing(transaction, webhook, epoch);
    } else {
      created->record.key = rows[0][0].as<WebhookKey>();
    }
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<Created<WebhookRecord>> PostgresWebhookStore::Existing(Transaction& transaction,
                                                                      const WebhookRecord& wanted,
                                                                      int64_t epoch) const {
  const auto found = transaction.Run(sql::kCheckWebhook, wanted.project, wanted.id,
                                     wanted.request_id, cell_, epoch)[0];
  if (!found["leads"].as<bool>()) return AnotherLeads(epoch);
  const auto read = [&](const pqxx::field& key) -> std::optional<WebhookRecord> {
    if (key.is_null()) return std::nullopt;
    return ReadWebhook(transaction.Run(sql::kGetWebhookByKey, key.as<WebhookKey>())[0]);
  };
  const std::optional<WebhookRecord> asked = read(found["asked"]);
  const std::optional<WebhookRecord> named = read(found["named"]);
  if (asked.has_value() || named.has_value()) return MadeBefore("webhook", wanted, asked, named);
  return MakeError(
      absl::StatusCode::kResourceExhausted, "QUOTA",
      "a project has at most " + std::to_string(kWebhooksPerProjectMax) + " webhooks: delete one");
}

absl::StatusOr<WebhookRecord> PostgresWebhookStore::GetWebhook(const std::string& project,
                                                               const std::string& id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetWebhook, project, id);
                      }));
  return OnlyWebhook(rows, id);
}

absl::StatusOr<std::vector<WebhookRecord>> PostgresWebhookStore::ListWebhooks(
    const std::string& project) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListWebhooks, project);
                      }));
  std::vector<WebhookRecord> webhooks;
  for (const pqxx::row& row : rows) webhooks.push_back(ReadWebhook(row));
  return webhooks;
}

absl::StatusOr<WebhookRecord> PostgresWebhookStore::EnableWebhook(const std::string& project,
                                                                  const std::string& id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        transaction.Run(sql::kEnableWebhook, project, id);
                        return transaction.Run(sql::kGetWebhook, project, id);
                      }));
  return OnlyWebhook(rows, id);
}

absl::StatusOr<WebhookKey> PostgresWebhookStore::DeleteWebhook(const std::string& project,
                                                               const std::string& id,
                                                               absl::Time now) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kDeleteWebhook, project, id, TimeText(now));
                      }));
  return rows.empty() ? WebhookKey{0} : rows[0][0].as<WebhookKey>();
}

absl::StatusOr<std::vector<WebhookDelivery>> PostgresWebhookStore::ListDeliveries(
    WebhookKey webhook, DeliveryKey before, int limit) {
  const DeliveryKey below = before == 0 ? std::numeric_limits<DeliveryKey>::max() : before;
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListWebhookDeliveries, webhook, below, limit);
                      }));
  std::vector<WebhookDelivery> deliveries;
  for (const pqxx::row& row : rows) deliveries.push_back(ReadDelivery(row));
  return deliveries;
}

absl::StatusOr<WebhookDelivery> PostgresWebhookStore::ResendDelivery(WebhookKey webhook,
                                                                     DeliveryKey delivery,
                                                                     absl::Time now) {
  DQ_ASSIGN_OR_RETURN(
      const pqxx::result rows, sessions_.Take()->Query([&](Transaction& transaction) {
        return transaction.Run(sql::kResendWebhookDelivery, webhook, delivery, TimeText(now));
      }));
  if (rows.empty()) return DeliveryNotFound(delivery);
  return ReadDelivery(rows[0]);
}

absl::StatusOr<std::vector<DueDelivery>> PostgresWebhookStore::LoadDueDeliveries(
    absl::Time now, const std::vector<DeliveryKey>& except, DueLimits limits) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kLoadDueDeliveries, TimeText(now),
                                               ToJson(except), limits.of_webhook, limits.all);
                      }));
  std::vector<DueDelivery> due;
  for (const pqxx::row& row : rows) due.push_back(ReadDue(row));
  return due;
}

absl::StatusOr<absl::Time> PostgresWebhookStore::NextDelivery(absl::Time now) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kNextWebhookDelivery, TimeText(now));
                      }));
  return rows[0][0].is_null() ? absl::InfiniteFuture() : ReadTime(rows[0][0]);
}

absl::Status PostgresWebhookStore::RecordAttempts(const std::vector<DeliveryAttempt>& attempts) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    transaction.Run(sql::kRecordWebhookAttempts, ToJson(attempts));
    for (const DeliveryAttempt& attempt : attempts) {
      if (attempt.disabling == WebhookDisabling::kNone) continue;
      transaction.Run(sql::kDisableWebhook, attempt.webhook,
                      static_cast<int16_t>(attempt.disabling), TimeText(attempt.time));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<OutboxDepth> PostgresWebhookStore::MeasureOutbox() {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kMeasureWebhookOutbox, kOutboxCountMax);
                      }));
  return OutboxDepth{rows[0]["waiting"].as<int64_t>(), ReadTime(rows[0]["oldest"])};
}

absl::StatusOr<bool> PostgresWebhookStore::PurgeDeliveries(absl::Time before, absl::Time now) {
  bool may_be_more = false;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const auto old = transaction.Run(sql::kPurgeWebhookDeliveries, TimeText(before), kPurgedMax);
    const auto deleted =
        transaction.Run(sql::kPurgeDeletedWebhooks, kPurgedMax, TimeText(now - kDeletedStays));
    may_be_more = std::ssize(old) == kPurgedMax || std::ssize(deleted) == kPurgedMax;
    return absl::OkStatus();
  }));
  return may_be_more;
}

}  // namespace dq
