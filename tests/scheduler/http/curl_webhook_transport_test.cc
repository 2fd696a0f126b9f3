// The transport against real servers on loopback.
#include "scheduler/http/curl_webhook_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include "common/base/error.h"
#include "common/base/mutex.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::HasSubstr;

AddressGuard LoopbackGuard() {
  return AddressGuard({*ParseAddressBlock("127.0.0.1"), *ParseAddressBlock("::1")});
}

// A receiver that keeps what it was sent.
class Receiver {
 public:
  Receiver() {
    server_.Post("/take", [this](const httplib::Request& request, httplib::Response& response) {
      MutexLock lock(mutex_);
      last_ = request;
      ++posts_;
      response.status = 204;
    });
    server_.Post("/move", [](const httplib::Request&, httplib::Response& response) {
      response.set_redirect("/take");
    });
    server_.Post("/talk", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(10 << 20, 'x'), "text/plain");
    });
    // A connection that is kept would hold one of its few threads.
    server_.set_keep_alive_max_count(1);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(WaitUntil([this] { return server_.is_running(); }));
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  std::string Url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  httplib::Request last() const {
    MutexLock lock(mutex_);
    return last_;
  }
  int posts() const {
    MutexLock lock(mutex_);
    return posts_;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  mutable Mutex mutex_;
  httplib::Request last_ GUARDED_BY(mutex_);
  int posts_ GUARDED_BY(mutex_) = 0;
};

WebhookAnswer PostTo(CurlWebhookTransport& transport, const std::string& url,
                     absl::Duration timeout = absl::Seconds(20)) {
  std::promise<WebhookAnswer> answer;
  transport.Post({url, {{"webhook-id", "msg_1"}}, R"({"a":"ü"})", timeout},
                 [&answer](WebhookAnswer got) { answer.set_value(std::move(got)); });
  return answer.get_future().get();
}

TEST(CurlWebhookTransport, PostsBodyAndHeadersAsTheyAre) {
  const Receiver receiver;
  CurlWebhookTransport transport(LoopbackGuard(), "dq/1");
  const WebhookAnswer answer = PostTo(transport, receiver.Url("/take"));
  EXPECT_EQ(answer.status, 204) << answer.error;
  EXPECT_GT(answer.latency, absl::ZeroDuration());
  const httplib::Request request = receiver.last();
  EXPECT_EQ(request.body, R"({"a":"ü"})");
  EXPECT_EQ(request.get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(request.get_header_value("webhook-id"), "msg_1");
  EXPECT_EQ(request.get_header_value("User-Agent"), "dq/1");
  EXPECT_FALSE(request.has_header("Authorization"));
}

TEST(CurlWebhookTransport, ConnectsToNoAddressThatIsNotAllowed) {
  const Receiver receiver;
  CurlWebhookTransport transport(AddressGuard({}), "dq");
  for (const char* const host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"}) {
    const WebhookAnswer answer = PostTo(transport, receiver.Url("/take", host));
    EXPECT_EQ(answer.status, 0) << host;
    EXPECT_THAT(answer.error, HasSubstr("not public")) << host;
  }
  EXPECT_EQ(receiver.posts(), 0);
}

TEST(CurlWebhookTransport, ANameIsJudgedByTheAddressThatItTurnsOutToHave) {
  const Receiver receiver;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  EXPECT_EQ(PostTo(transport, receiver.Url("/take", "localhost")).status, 204);
  EXPECT_TRUE(transport.CheckUrl(receiver.Url("/take", "localhost")).ok());
}

TEST(CurlWebhookTransport, FollowsNoRedirect) {
  const Receiver receiver;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  EXPECT_EQ(PostTo(transport, receiver.Url("/move")).status, 302);
  EXPECT_EQ(receiver.posts(), 0);
}

TEST(CurlWebhookTransport, ReadsNoMoreOfALongAnswerThanItMust) {
  const Receiver receiver;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  EXPECT_EQ(PostTo(transport, receiver.Url("/talk")).status, 200);
}

TEST(CurlWebhookTransport, UsesNoProxy) {
  const Receiver receiver;
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  EXPECT_EQ(PostTo(transport, receiver.Url("/take")).status, 204);
  unsetenv("http_proxy");
}

// A port on which connections are accepted by the kernel and answered by nobody.
class SilentPort {
 public:
  SilentPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    socklen_t size = sizeof(address);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  ~SilentPort() { ::close(fd_); }
  const std::string& url() const { return url_; }

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string url_;
};

TEST(CurlWebhookTransport, GivesUpInTime) {
  const SilentPort port;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  const WebhookAnswer answer = PostTo(transport, port.url(), absl::Milliseconds(50));
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.error, HasSubstr("Timeout"));
}

TEST(CurlWebhookTransport, AClosedPortIsAnErrorNotAStatus) {
  std::string url;
  {
    const SilentPort port;
    url = port.url();
  }
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  const WebhookAnswer answer = PostTo(transport, url);
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.error, "");
}

TEST(CurlWebhookTransport, StopAnswersWhatIsUnderWayAndWhatComesLater) {
  const SilentPort port;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  std::promise<WebhookAnswer> under_way;
  transport.Post({port.url(), {}, "{}", absl::Hours(1)},
                 [&under_way](WebhookAnswer got) { under_way.set_value(std::move(got)); });
  transport.Stop();
  EXPECT_THAT(under_way.get_future().get().error, HasSubstr("shuts down"));
  EXPECT_THAT(PostTo(transport, port.url()).error, HasSubstr("shuts down"));
}

TEST(CurlWebhookTransport, ManyAreUnderWayAtATime) {
  const Receiver receiver;
  CurlWebhookTransport transport(LoopbackGuard(), "dq");
  std::vector<std::promise<int>> answers(60);
  for (auto& answer : answers) {
    transport.Post({receiver.Url("/take"), {}, "{}", absl::Seconds(30)},
                   [&answer](const WebhookAnswer& got) { answer.set_value(got.status); });
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get_future().get(), 204);
  EXPECT_EQ(receiver.posts(), 60);
}

TEST(CurlWebhookTransport, UrlsAreCheckedByTheirText) {
  const CurlWebhookTransport transport(AddressGuard({*ParseAddressBlock("10.1.0.0/16")}), "dq");
  for (const char* const url :
       {"https://example.com", "http://example.com:8080/a/b?c=d", "https://10.1.2.3/x",
        "https://[2606:4700::1111]/", "https://93.184.216.34:8443/"}) {
    EXPECT_TRUE(transport.CheckUrl(url).ok()) << url << transport.CheckUrl(url);
  }
  for (const std::string& url :
       {std::string(""), std::string("example.com"), std::string("ftp://example.com/"),
        std::string("file:///etc/passwd"), std::string("gopher://example.com/"),
        std::string("https://"), std::string("https://user@example.com/"),
        std::string("https://user:pass@example.com/"), std::string("https://example.com/#a"),
        std::string("https://exa mple.com/"), std::string("https://example.com/\n"),
        std::string("https://exämple.com/"), std::string("https://example.com:99999/"),
        "https://example.com/" + std::string(2000, 'a')}) {
    EXPECT_EQ(ReasonOf(transport.CheckUrl(url)), "URL_INVALID") << url;
  }
  for (const char* const url :
       {"http://127.0.0.1/", "http://10.2.0.1/", "http://169.254.169.254/latest/meta-data",
        "http://[::1]:80/", "http://[fd00:ec2::254]/", "http://[::ffff:10.0.0.1]/",
        "http://2130706433/", "http://0x7f.1/"}) {
    EXPECT_EQ(ReasonOf(transport.CheckUrl(url)), "ADDRESS_REFUSED") << url;
  }
}

}  // namespace
}  // namespace dq
