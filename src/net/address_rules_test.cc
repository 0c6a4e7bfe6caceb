#include "net/address_rules.h"

#include <gtest/gtest.h>

namespace trawl::net {
namespace {

TEST(AddressRules, KnowWhatAnAddressLeadsTo) {
  const struct {
    const char* text;
    AddressKind kind;
  } kCases[] = {
      {"8.8.8.8", AddressKind::everyone},
      {"172.15.255.255", AddressKind::everyone},
      {"172.32.0.0", AddressKind::everyone},
      {"100.63.255.255", AddressKind::everyone},
      {"100.128.0.0", AddressKind::everyone},
      {"223.255.255.255", AddressKind::everyone},
      {"2606:4700::1111", AddressKind::everyone},
      {"127.0.0.1", AddressKind::loopback},
      {"127.255.255.254", AddressKind::loopback},
      {"::1", AddressKind::loopback},
      {"10.1.2.3", AddressKind::local},
      {"172.16.0.1", AddressKind::local},
      {"172.31.255.255", AddressKind::local},
      {"192.168.1.1", AddressKind::local},
      {"100.64.0.1", AddressKind::local},
      {"198.19.0.1", AddressKind::local},
      {"fc00::1", AddressKind::local},
      {"fdff::1", AddressKind::local},
      {"fec0::1", AddressKind::local},
      {"169.254.169.254", AddressKind::link_local},
      {"169.254.170.2", AddressKind::link_local},
      {"fe80::1", AddressKind::link_local},
      {"100.100.100.200", AddressKind::metadata},
      {"168.63.129.16", AddressKind::metadata},
      {"fd00:ec2::254", AddressKind::metadata},
      {"fd20:ce::254", AddressKind::metadata},
      {"0.0.0.0", AddressKind::no_host},
      {"0.1.2.3", AddressKind::no_host},
      {"224.0.0.1", AddressKind::no_host},
      {"239.255.255.250", AddressKind::no_host},
      {"240.0.0.1", AddressKind::no_host},
      {"255.255.255.255", AddressKind::no_host},
      {"192.0.2.1", AddressKind::no_host},
      {"::", AddressKind::no_host},
      {"ff02::1", AddressKind::no_host},
      {"2001:db8::1", AddressKind::no_host},
      {"4000::1", AddressKind::no_host},
      // IPv4 in the clothes of IPv6.
      {"::ffff:127.0.0.1", AddressKind::loopback},
      {"::ffff:169.254.169.254", AddressKind::link_local},
      {"::ffff:8.8.8.8", AddressKind::everyone},
      {"::127.0.0.1", AddressKind::no_host},
      {"64:ff9b::10.0.0.1", AddressKind::local},
      {"64:ff9b::808:808", AddressKind::everyone},
      {"64:ff9b:1::1", AddressKind::local},
      {"2002:7f00:1::", AddressKind::loopback},
      {"2002:808:808::", AddressKind::everyone},
      {"2001:0:1:2:3:4:80ff:fffe", AddressKind::loopback},
  };
  for (const auto& each : kCases) {
    const auto kind = kind_of_address(std::string(each.text));
    ASSERT_TRUE(kind) << each.text;
    EXPECT_EQ(*kind, each.kind) << each.text << " is " << description_of(*kind);
  }
  EXPECT_FALSE(kind_of_address(std::string("example.com")));
  EXPECT_FALSE(kind_of_address(std::string("127.1")));
}

TEST(AddressRules, AllowPrivateAddressesAndNoOthersWhereTold) {
  const AddressRules strict;
  const AddressRules allowing{.allow_private = true};
  for (const AddressKind kind :
       {AddressKind::everyone, AddressKind::loopback, AddressKind::local,
        AddressKind::link_local, AddressKind::metadata, AddressKind::no_host}) {
    EXPECT_EQ(strict.allow(kind), kind == AddressKind::everyone);
    EXPECT_EQ(allowing.allow(kind), kind == AddressKind::everyone ||
                                        kind == AddressKind::loopback ||
                                        kind == AddressKind::local);
  }
}

TEST(AddressRules, KnowNoOtherFamilies) {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  EXPECT_EQ(kind_of_address(address), AddressKind::no_host);
}

}  // namespace
}  // namespace trawl::net
