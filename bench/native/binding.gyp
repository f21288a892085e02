{
  # The load client: its own sources, and those of the engine that serve both ends of a tunnel.
  # Built only by `node bench/build.mjs`, in a tree where `engine` leads to native/src. OpenSSL is
  # the one inside the node binary.
  'targets': [
    {
      'target_name': 'load',
      'sources': [
        '<!@(ls src/*.cc)',
        'engine/ack_filter.cc',
        'engine/acl_facts.cc',
        'engine/acl_program.cc',
        'engine/aead.cc',
        'engine/checksum.cc',
        'engine/coalescer.cc',
        'engine/cstp.cc',
        'engine/datagram_bio.cc',
        'engine/datagram_reader.cc',
        'engine/dtls_record.cc',
        'engine/endpoint.cc',
        'engine/inside_packet.cc',
        'engine/inside_segment.cc',
        'engine/segmenter.cc',
        'engine/send_buffer.cc',
        'engine/tls_secrets.cc',
        'engine/tls_stream.cc',
        'engine/tls_tap.cc',
        'engine/tun.cc',
        'engine/tun_queue.cc',
      ],
      'include_dirs': ['src', 'engine'],
      'defines': ['NAPI_VERSION=9'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-fvisibility=hidden', '-O2', '-g1'],
      'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti'],
      'cflags_cc!': ['-std=gnu++20', '-std=gnu++17'],
    },
  ],
}
