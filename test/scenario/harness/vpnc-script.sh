#!/bin/sh
# What openconnect runs when its tunnel comes, changes and goes: a small script of our own, so that
# nothing touches the machine's resolver and so that the tests see all that the client was told.
#   SCENARIO_RECORD   a folder: the environment of each call goes to REASON.env (NUL-separated),
#                     and the names of the calls, when done, to "calls"
#   SCENARIO_BARE     if set, record only and leave the device alone
set -eu

env -0 >"$SCENARIO_RECORD/$reason.env.new"
mv "$SCENARIO_RECORD/$reason.env.new" "$SCENARIO_RECORD/$reason.env"
if [ -n "${SCENARIO_BARE:-}" ]; then
  echo "$reason" >>"$SCENARIO_RECORD/calls"
  exit 0
fi

# routes FAMILY COUNT PREFIX: adds the split routes PREFIX_n_ADDR/PREFIX_n_MASKLEN
routes() {
  n=0
  while [ "$n" -lt "$2" ]; do
    eval "net=\$$3_${n}_ADDR len=\$$3_${n}_MASKLEN"
    ip "$1" route replace "$net/$len" dev "$TUNDEV"
    n=$((n + 1))
  done
}

case $reason in
connect)
  # No link-local address: the kernel would send router solicitations from it, whenever it likes,
  # and the tests count packets with foreign sources.
  ip link set "$TUNDEV" addrgenmode none
  ip link set "$TUNDEV" up mtu "${INTERNAL_IP4_MTU:-1280}"
  if [ -n "${INTERNAL_IP4_ADDRESS:-}" ]; then
    ip -4 addr add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
    if [ -n "${CISCO_SPLIT_INC:-}" ]; then
      routes -4 "$CISCO_SPLIT_INC" CISCO_SPLIT_INC
    else
      ip -4 route replace default dev "$TUNDEV"
    fi
  fi
  address6=${INTERNAL_IP6_NETMASK:-${INTERNAL_IP6_ADDRESS:-}}
  if [ -n "$address6" ]; then
    ip -6 addr add "${address6%/*}/128" dev "$TUNDEV" nodad
    if [ -n "${CISCO_IPV6_SPLIT_INC:-}" ]; then
      routes -6 "$CISCO_IPV6_SPLIT_INC" CISCO_IPV6_SPLIT_INC
    else
      ip -6 route replace default dev "$TUNDEV"
    fi
  fi
  ;;
esac
echo "$reason" >>"$SCENARIO_RECORD/calls"
