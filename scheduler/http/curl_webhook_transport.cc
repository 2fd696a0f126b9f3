#include "scheduler/http/curl_webhook_transport.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/mutex.h"

namespace dq {
namespace {

constexpr size_t kUrlBytesMax = 2000;
constexpr size_t kAnswerBytesMax = 64 << 10;  // The rest is not read.
constexpr long kConnectionsKept = 64;
constexpr long kConnectionsMax = 96;  // More than the sender has under way.
constexpr int kPollMs = 1000;
constexpr char kStopped[] = "the scheduler shuts down";

// What libcurl gives and takes back.
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

absl::Status UrlInvalid(const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "URL_INVALID", why);
}

// Returns a part of a URL; nothing when it has none.
std::optional<std::string> Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, FreeText> owned(text);
  return std::string(text);
}

std::optional<IpAddress> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
                bytes.size());
    return FromIpv4(bytes);
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  IpAddress bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
              bytes.size());
  return bytes;
}

// A request under way.
struct Transfer {
  WebhookRequest request;
  WebhookTransport::Done done;
  const AddressGuard* guard = nullptr;
  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> headers;
  size_t answer_bytes = 0;
  bool was_refused = false;  // The guard did not allow an address.
};

// Called by libcurl for every connection, with the address it is going to be made to.
curl_socket_t OpenSocket(void* transfer, curlsocktype, curl_sockaddr* address) {
  auto& of = *static_cast<Transfer*>(transfer);
  const std::optional<IpAddress> ip = AddressOf(address->addr);
  if (!ip.has_value() || !of.guard->Allows(*ip)) {
    of.was_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Takes what is read of an answer, which nobody needs, until it is too much.
size_t CountAnswer(char*, size_t size, size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  of.answer_bytes += size * count;
  return of.answer_bytes > kAnswerBytesMax ? 0 : size * count;
}

void AddHeader(Transfer& transfer, const std::string& line) {
  curl_slist* const longer = curl_slist_append(transfer.headers.get(), line.c_str());
  if (longer == nullptr) return;
  (void)transfer.headers.release();
  transfer.headers.reset(longer);
}

void SetUp(Transfer& transfer, const std::string& user_agent) {
  CURL* const easy = transfer.easy.get();
  AddHeader(transfer, "Content-Type: application/json");
  AddHeader(transfer, "Expect:");
  for (const auto& [name, value] : transfer.request.headers)
    AddHeader(transfer, name + ": " + value);
  const auto timeout_ms = static_cast<long>(absl::ToInt64Milliseconds(transfer.request.timeout));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(transfer.request.body.size()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max(timeout_ms, 1L));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, CountAnswer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
}

WebhookAnswer AnswerOf(const Transfer& transfer, CURLcode result) {
  WebhookAnswer answer;
  curl_off_t took_us = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_TOTAL_TIME_T, &took_us);
  answer.latency = absl::Microseconds(took_us);
  const bool is_too_long = result == CURLE_WRITE_ERROR && transfer.answer_bytes > kAnswerBytesMax;
  if (result == CURLE_OK || is_too_long) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int32_t>(status);
  } else if (transfer.was_refused) {
    answer.error = "the address of the host is not public, and the operator does not allow it";
  } else {
    answer.error = curl_easy_strerror(result);
  }
  return answer;
}

}  // namespace

// The thread and what it works on.
class CurlWebhookTransport::Loop {
 public:
  Loop(AddressGuard guard, std::string user_agent)
      : guard_(std::move(guard)), user_agent_(std::move(user_agent)) {}

  void Start() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi_.reset(curl_multi_init());
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kConnectionsKept);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnectionsMax);
    thread_ = std::thread([this] { Run(); });
  }

  const AddressGuard& guard() const { return guard_; }

  void Post(WebhookRequest request, Done done) {
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    transfer->done = std::move(done);
    {
      MutexLock lock(mutex_);
      if (!stopping_) waiting_.push_back(std::move(transfer));
    }
    if (transfer != nullptr) return transfer->done({0, kStopped, absl::ZeroDuration()});
    curl_multi_wakeup(multi_.get());
  }

  void Stop() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

 private:
  using Transfers = std::vector<std::unique_ptr<Transfer>>;

  bool IsStopping() {
    MutexLock lock(mutex_);
    return stopping_;
  }

  void Run() {
    while (!IsStopping()) {
      Begin();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      Finish();
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
    Begin();
    for (auto& [easy, transfer] : under_way_) {
      curl_multi_remove_handle(multi_.get(), easy);
      transfer->done({0, kStopped, absl::ZeroDuration()});
    }
    under_way_.clear();
  }

  // Begins what was posted.
  void Begin() {
    Transfers posted;
    {
      MutexLock lock(mutex_);
      posted.swap(waiting_);
    }
    for (auto& transfer : posted) {
      transfer->guard = &guard_;
      transfer->easy.reset(curl_easy_init());
      CURL* const easy = transfer->easy.get();
      if (easy == nullptr) {
        transfer->done({0, "out of memory", absl::ZeroDuration()});
        continue;
      }
      SetUp(*transfer, user_agent_);
      curl_multi_add_handle(multi_.get(), easy);
      under_way_[easy] = std::move(transfer);
    }
  }

  // Answers what has ended.
  void Finish() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode result = message->data.result;
      const auto entry = under_way_.find(message->easy_handle);
      const std::unique_ptr<Transfer> transfer = std::move(entry->second);
      under_way_.erase(entry);
      curl_multi_remove_handle(multi_.get(), transfer->easy.get());
      transfer->done(AnswerOf(*transfer, result));
    }
  }

  const AddressGuard guard_;
  const std::string user_agent_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> under_way_;  // Touched by the thread only.
  Mutex mutex_;
  Transfers waiting_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

CurlWebhookTransport::CurlWebhookTransport(AddressGuard guard, std::string user_agent)
    : loop_(std::make_unique<Loop>(std::move(guard), std::move(user_agent))) {
  loop_->Start();
}

CurlWebhookTransport::~CurlWebhookTransport() { Stop(); }

void CurlWebhookTransport::Post(WebhookRequest request, Done done) {
  loop_->Post(std::move(request), std::move(done));
}

void CurlWebhookTransport::Stop() { loop_->Stop(); }

absl::Status CurlWebhookTransport::CheckUrl(const std::string& url) const {
  const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7F; });
  if (!is_plain || url.size() > kUrlBytesMax) {
    return UrlInvalid("at most 2,000 characters of ASCII without spaces");
  }
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) return UrlInvalid(std::string("no URL: ") + curl_url_strerror(code));
  const std::string scheme = Part(parsed.get(), CURLUPART_SCHEME).value_or("");
  if (scheme != "http" && scheme != "https") return UrlInvalid("https:// or http://");
  if (Part(parsed.get(), CURLUPART_USER) || Part(parsed.get(), CURLUPART_PASSWORD)) {
    return UrlInvalid("no user and no password: messages are signed");
  }
  if (Part(parsed.get(), CURLUPART_FRAGMENT)) return UrlInvalid("no fragment: it is never sent");
  std::string host = Part(parsed.get(), CURLUPART_HOST).value_or("");
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = ParseIpAddress(host);
  if (!address.ok() || loop_->guard().Allows(*address)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "ADDRESS_REFUSED",
                   "the address " + host + " is not public, and the operator does not allow it");
}

}  // namespace dq
