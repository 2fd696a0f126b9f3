#include "scheduler/core/address_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/error.h"

namespace dq {
namespace {

bool Allowed(const std::string& address, const std::vector<std::string>& blocks = {}) {
  std::vector<AddressBlock> allowed;
  for (const std::string& block : blocks) allowed.push_back(*ParseAddressBlock(block));
  const auto parsed = ParseIpAddress(address);
  EXPECT_TRUE(parsed.ok()) << address;
  return parsed.ok() && AddressGuard(allowed).Allows(*parsed);
}

TEST(AddressGuard, PublicAddressesAreAllowed) {
  for (const char* const address :
       {"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255",
        "100.128.0.0", "169.253.0.1", "223.255.255.255", "192.0.1.0", "2606:4700::1111",
        "2001:200::1", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_TRUE(Allowed(address)) << address;
  }
}

TEST(AddressGuard, EverythingElseIsRefused) {
  for (const char* const address : {"0.0.0.0",
                                    "0.1.2.3",
                                    "10.0.0.1",
                                    "10.255.255.255",
                                    "100.64.0.1",
                                    "100.127.255.255",
                                    "127.0.0.1",
                                    "127.255.255.254",
                                    "169.254.169.254",
                                    "172.16.0.1",
                                    "172.31.255.255",
                                    "192.0.0.1",
                                    "192.0.2.1",
                                    "192.88.99.1",
                                    "192.168.1.1",
                                    "198.18.0.1",
                                    "198.19.255.255",
                                    "198.51.100.7",
                                    "203.0.113.7",
                                    "168.63.129.16",
                                    "224.0.0.1",
                                    "239.255.255.255",
                                    "240.0.0.1",
                                    "255.255.255.255",
                                    "::",
                                    "::1",
                                    "::2",
                                    "::127.0.0.1",
                                    "fe80::1",
                                    "febf::1",
                                    "fec0::1",
                                    "fc00::1",
                                    "fd00:ec2::254",
                                    "ff02::1",
                                    "100::1",
                                    "2001::1",
                                    "2001:db8::1",
                                    "3fff::1",
                                    "4000::1",
                                    "64:ff9b:1::1"}) {
    EXPECT_FALSE(Allowed(address)) << address;
  }
}

TEST(AddressGuard, AnAddressThatStandsForAnotherIsJudgedByThat) {
  for (const char* const address :
       {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a00:1::"}) {
    EXPECT_FALSE(Allowed(address)) << address;
  }
  EXPECT_TRUE(Allowed("::ffff:127.0.0.1", {"127.0.0.0/8"}));
  EXPECT_TRUE(Allowed("64:ff9b::7f00:1", {"127.0.0.1"}));
}

TEST(AddressGuard, AnOperatorAllowsBlocks) {
  EXPECT_TRUE(Allowed("10.1.2.3", {"10.1.0.0/16"}));
  EXPECT_FALSE(Allowed("10.2.0.0", {"10.1.0.0/16"}));
  EXPECT_TRUE(Allowed("10.1.255.255", {"fd00::/8", "10.1.0.0/17", "10.1.128.0/17"}));
  EXPECT_FALSE(Allowed("10.1.128.0", {"10.1.0.0/17"}));
  EXPECT_TRUE(Allowed("fd12::1", {"fd00::/8"}));
  EXPECT_FALSE(Allowed("fe12::1", {"fd00::/8"}));
  EXPECT_TRUE(Allowed("127.0.0.1", {"127.0.0.1"}));
  EXPECT_FALSE(Allowed("127.0.0.2", {"127.0.0.1"}));
  EXPECT_TRUE(Allowed("192.168.0.1", {"0.0.0.0/0"}));
  EXPECT_FALSE(Allowed("::1", {"0.0.0.0/0"}));
  EXPECT_TRUE(Allowed("::1", {"::/0"}));
}

TEST(AddressGuard, AnOperatorRefusesBlocksWhateverElseIsSaid) {
  const AddressGuard guard({*ParseAddressBlock("10.0.0.0/8")},
                           {*ParseAddressBlock("10.1.0.0/16"), *ParseAddressBlock("8.8.8.0/24")});
  const auto allows = [&](const char* address) { return guard.Allows(*ParseIpAddress(address)); };
  EXPECT_FALSE(allows("8.8.8.8"));
  EXPECT_FALSE(allows("::ffff:8.8.8.8"));
  EXPECT_FALSE(allows("64:ff9b::808:808"));
  EXPECT_TRUE(allows("8.8.9.8"));
  EXPECT_FALSE(allows("10.1.2.3"));
  EXPECT_TRUE(allows("10.2.2.3"));
}

TEST(AddressGuard, ServicesOfAClusterAreNotPublic) {
  EXPECT_FALSE(Allowed("34.118.224.1"));
  EXPECT_FALSE(Allowed("34.118.239.255"));
  EXPECT_TRUE(Allowed("34.118.240.0"));
}

TEST(AddressGuard, BadBlocksAreNamed) {
  for (const char* const block :
       {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "localhost",
        "10.0.0.0/8x", "256.0.0.1", "10.0.0.0/8/8"}) {
    const auto parsed = ParseAddressBlock(block);
    EXPECT_EQ(ReasonOf(parsed.status()), "ADDRESS_INVALID") << block;
  }
}

}  // namespace
}  // namespace dq
