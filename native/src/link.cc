#include "link.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "netlink.h"

namespace wolfguard {
namespace {

OsError set_link_up(Netlink& netlink, unsigned index, const LinkOptions& options) {
  ifinfomsg fixed{};
  fixed.ifi_index = static_cast<int>(index);
  fixed.ifi_flags = IFF_UP;
  fixed.ifi_change = IFF_UP;
  NetlinkMessage message(RTM_NEWLINK, 0, fixed);
  message.add_u32(IFLA_MTU, options.mtu);
  message.add_u32(IFLA_TXQLEN, options.tx_queue_length);
  return netlink.request(message, "RTM_NEWLINK");
}

OsError add_address(Netlink& netlink, unsigned index, const LinkAddress& address) {
  const bool v6 = address.bytes.size() == 16;
  if (!v6 && address.bytes.size() != 4) return {EINVAL, "RTM_NEWADDR"};
  ifaddrmsg fixed{};
  fixed.ifa_family = v6 ? AF_INET6 : AF_INET;
  fixed.ifa_prefixlen = address.prefix;
  fixed.ifa_index = index;
  // Nobody else is on a TUN device, and a tentative address is not answered for a second.
  fixed.ifa_flags = v6 ? IFA_F_NODAD : 0;
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, fixed);
  message.add(IFA_LOCAL, address.bytes);
  message.add(IFA_ADDRESS, address.bytes);
  return netlink.request(message, "RTM_NEWADDR");
}

}  // namespace

OsError configure_link(const LinkOptions& options) {
  const unsigned index = ::if_nametoindex(options.name.c_str());
  if (index == 0) return OsError::last("if_nametoindex");
  auto netlink = Netlink::open();
  if (netlink.failed()) return netlink.error();
  if (auto error = set_link_up(netlink.value(), index, options); error.failed()) return error;
  for (const LinkAddress& address : options.addresses) {
    if (auto error = add_address(netlink.value(), index, address); error.failed()) return error;
  }
  return {};
}

OsError change_route(const std::string& device, const LinkAddress& network, bool present) {
  const bool v6 = network.bytes.size() == 16;
  if (!v6 && network.bytes.size() != 4) return {EINVAL, "RTM_NEWROUTE"};
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return OsError::last("if_nametoindex");
  auto netlink = Netlink::open();
  if (netlink.failed()) return netlink.error();
  rtmsg fixed{};
  fixed.rtm_family = v6 ? AF_INET6 : AF_INET;
  fixed.rtm_dst_len = network.prefix;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = RTPROT_STATIC;
  fixed.rtm_scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  fixed.rtm_type = RTN_UNICAST;
  // EXCL: a route that somebody else has made for this network stays theirs.
  NetlinkMessage message(present ? RTM_NEWROUTE : RTM_DELROUTE,
                         present ? NLM_F_CREATE | NLM_F_EXCL : 0, fixed);
  message.add(RTA_DST, network.bytes);
  message.add_u32(RTA_OIF, index);
  return netlink.value().request(message, present ? "RTM_NEWROUTE" : "RTM_DELROUTE");
}

}  // namespace wolfguard
