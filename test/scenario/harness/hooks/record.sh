#!/bin/sh
# Keeps what each hook is told, a file per call, and refuses one group at its connect.
set -u
folder=/var/lib/wolfguard-hooks

env | sort >"$folder/$USERNAME.$REASON.$ID"

case $REASON in
  connect)
    if [ "$GROUPNAME" = guests ]; then
      echo "guests are not let in" >&2
      exit 1
    fi
    ;;
  disconnect)
    echo "$USERNAME moved $((STATS_BYTES_IN + STATS_BYTES_OUT)) bytes in $STATS_DURATION s"
    ;;
esac
