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
    'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-O2', '-g1'],
    'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc!': ['-std=gnu++20', '-std=gnu++17'],
    'conditions': [
      ['sanitize==1', {
        'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-O1'],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'wolfguard',
      'sources': ['<!@(ls src/*.cc)'],
      'include_dirs': ['src'],
      'defines': ['NAPI_VERSION=9'],
      'cflags': ['-Wno-missing-field-initializers'],
    },
  ],
  'conditions': [
    # The engine's classes without their bindings, and the tests that drive them from C++.
    ['sanitize==1', {
      'targets': [{
        'target_name': 'wolfguard_test',
        'sources': ['<!@(ls src/*.cc | grep -v /bind)', '<!@(ls test/*.cc)'],
        'include_dirs': ['src', 'test'],
        'defines': ['NAPI_VERSION=9'],
        'cflags': ['-Wno-missing-field-initializers'],
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
        'sources': ['helper/pam.c'],
        'libraries': ['-lpam'],
      }],
    }],
  ],
}
