# wolfguard in a container. Two stages: one with compilers, one with what runs.
#
#   docker build -t wolfguard .
#   docker compose up          (docker-compose.yml says what the container must be given)
#
# It runs as root, and needs these capabilities, of which Docker gives those marked * by itself:
#   NET_ADMIN             the TUN device, routes, nftables, socket buffers
#   NET_BIND_SERVICE *    ports below 1024
#   BPF                   steering packets to their worker in the kernel; without it workers forward
#                         to one another, which is slower
#   SYS_NICE              packets before logins; without it workers share the core with them
#   SETUID SETGID KILL *  workers become nobody, and are killed when they hang
#   CHOWN FOWNER DAC_OVERRIDE *   the admin socket's group, files of other users
#   AUDIT_WRITE *         logins by PAM
# and /dev/net/tun. Root cannot be given up: it is what may make TUN devices, nftables rules and
# workers of another user. The workers, which are what clients reach, have none of it.
ARG NODE=26-bookworm-slim

FROM node:${NODE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      binutils g++ libcrypt-dev libpam0g-dev make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# First what the engine is made of: a change elsewhere does not compile it anew. Without the
# optional packages, which are Node itself: the engine is built for the Node of the image.
COPY package.json package-lock.json .npmrc ./
COPY build/native.mjs build/
COPY native native
RUN npm ci --omit=optional
COPY . .
RUN node build/program/lay_out.mjs /usr/lib/wolfguard

FROM node:${NODE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends libcrypt1 libpam0g nftables \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /etc/wolfguard /var/lib/wolfguard
COPY --from=build /usr/lib/wolfguard /usr/lib/wolfguard
RUN ln -s /usr/lib/wolfguard/dist/cli/wolfguard.js /usr/local/bin/wolfguard \
 && ln -s /usr/lib/wolfguard/dist/cli/wolfctl.js /usr/local/bin/wolfctl
VOLUME ["/etc/wolfguard", "/var/lib/wolfguard"]
EXPOSE 443/tcp 443/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["wolfctl", "show", "status"]
ENTRYPOINT ["wolfguard"]
CMD ["serve"]
