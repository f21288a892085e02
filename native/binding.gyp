{
  # The engine addon and the helper programs. `sanitize=1` gives the ASan + UBSan build that
  # the engine's tests run under. OpenSSL is the one inside the node binary: its headers come
  # with Node's, its symbols from the process, so nothing is linked.
  'variables': {
    'sanitize%': 0,
    'have_pam': '<!(test -f /usr/include/security/pam_appl.h && echo 1 || echo 0)',
    'have_crypt': '<!(test -f /usr/include/crypt.h && echo 1 || echo 0)',
  },
  'target_defaults': {
    'cflags': ['-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-fPIC', '-fvisibility=hidden', '-O2', '-g1'],
    'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc!': ['-std=gnu++20', '-std=gnu++17'],
    'include_dirs': ['src', 'third_party/lz4'],
    # Without the visibility LZ4 is the engine's own, whatever LZ4 the process holds besides.
    'defines': ['NAPI_VERSION=9', 'LZ4LIB_VISIBILITY='],
    'conditions': [
      ['sanitize==1', {
        'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-O1'],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
    ],
  },
  'targets': [
    {
      # All but the bindings: what the addon and the C++ tests share, compiled once.
      'target_name': 'engine',
      'type': 'static_library',
      'sources': ['<!@(ls src/*.cc | grep -v /bind)', 'third_party/lz4/lz4.c'],
    },
    {
      'target_name': 'wolfguard',
      'dependencies': ['engine'],
      'sources': ['<!@(ls src/bind*.cc)'],
    },
  ],
  'conditions': [
    # The tests that drive the engine's classes from C++.
    ['sanitize==1', {
      'targets': [{
        'target_name': 'wolfguard_test',
        'dependencies': ['engine'],
        'sources': ['<!@(ls test/*.cc)'],
        'include_dirs': ['test'],
      }],
    }],
    ['have_crypt==1', {
      'targets': [{
        'target_name': 'wolfguard-crypt',
        'type': 'executable',
        'sources': ['helper/crypt.c'],
        'libraries': ['-lcrypt'],
      }],
    }],
    ['have_pam==1', {
      'targets': [{
        'target_name': 'wolfguard-pam',
        'type': 'executable',
        'sources': ['helper/pam.c', 'helper/pam_channel.c'],
        'libraries': ['-lpam'],
      }],
    }],
  ],
}
