// wolfguard-pam: one PAM conversation, then the end of the process.
//
//   wolfguard-pam login|open|close SERVICE USER REMOTE-HOST [SECONDS]
//
// login verifies somebody; open and close are the two ends of a session of somebody verified
// before.
//
// Messages on stdin and stdout: u32 length (big-endian) of what follows, one byte of type, body.
//
//   out  'e' question, answer may be shown     in   'a' answer to the last question
//   out  'p' question, answer is a secret
//   out  'i' information    'x' error text
//   out  'd' u32 microseconds for which a refusal is to be held back: nobody sleeps here
//   out  'u' the user's name as the modules left it (only after a login)
//   out  'g' u32 number and name of a group of that user (only after a login; GROUPS_MAX at most);
//            in the order of the system
//   out  'r' result, last: u32 PAM code (0 = success), one byte of stage, text
//            stages: 's' start, 'f' there is no file for this service, 'a' authenticate,
//            'm' account, 'c' change of an expired password, 'k' credentials, 'o' open session,
//            'l' close session
//
// End of file on stdin cancels a login that asks: the result is PAM_CONV_ERR. Exit code 0: a result
// was written, whatever it says; 1: it could not be; 2: wrong usage; 3: out of time. A login ends
// with the thread that started it.
//
// A program of its own because PAM modules block, crash and bring libraries that must not share a
// process with Node's OpenSSL. No secret ever stands on the command line.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pam_channel.h"

enum { DELIVERED = 0, NOT_DELIVERED = 1, USAGE = 2, OUT_OF_TIME = 3 };

// Longer than a person needs for all questions; auth.timeout ends a conversation sooner.
enum { DEFAULT_TIMEOUT_SECONDS = 300, MAX_TIMEOUT_SECONDS = 3600 };
// Linux-PAM's own limit is 512 bytes.
enum { ANSWER_MAX = 1024, NAME_MAX_BYTES = 256 };
// As many as ocserv takes.
enum { GROUPS_MAX = 512 };

enum mode { LOGIN, OPEN_SESSION, CLOSE_SESSION, UNKNOWN_MODE };

// Some modules refuse to work without a terminal; sshd names itself, too.
static const char TERMINAL[] = "wolfguard";

struct result {
  int code;
  char stage;
};

static enum mode mode_of(const char* word);
static void hide_from_core_dumps(void);
static int arm_timeout(const char* seconds);
static int acceptable_name(const char* text, int may_be_empty);
static struct result converse_with_pam(enum mode mode, char** argv, struct channel* channel,
                                       pam_handle_t** handle);
static int describe_user(struct channel* channel, pam_handle_t* handle);
static int deliver(struct channel* channel, pam_handle_t* handle, struct result result);
static int answer_modules(int count, const struct pam_message** messages,
                          struct pam_response** responses, void* context);

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) return USAGE;
  const enum mode mode = mode_of(argv[1]);
  if (mode == UNKNOWN_MODE) return USAGE;
  // A slash would name a file outside /etc/pam.d.
  if (!acceptable_name(argv[2], 0) || strchr(argv[2], '/') != NULL) return USAGE;
  if (!acceptable_name(argv[3], 0) || !acceptable_name(argv[4], 1)) return USAGE;
  if (!arm_timeout(argc == 6 ? argv[5] : NULL)) return USAGE;

  // The end of a session is still to be told when the server itself has ended.
  if (mode == LOGIN) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  hide_from_core_dumps();
  signal(SIGPIPE, SIG_IGN);
  struct channel channel = {-1, -1, 0};
  if (!open_channel(&channel)) return NOT_DELIVERED;

  pam_handle_t* handle = NULL;
  struct result result = converse_with_pam(mode, argv, &channel, &handle);
  // Modules give a cancelled question codes of their own: pam_unix makes it a bad password.
  if (mode == LOGIN && channel.cancelled) result.code = PAM_CONV_ERR;
  const int described =
      mode != LOGIN || result.code != PAM_SUCCESS || describe_user(&channel, handle);
  const int delivered = described && deliver(&channel, handle, result);
  if (handle != NULL) pam_end(handle, result.code);
  return delivered ? DELIVERED : NOT_DELIVERED;
}

static enum mode mode_of(const char* word) {
  if (strcmp(word, "login") == 0) return LOGIN;
  if (strcmp(word, "open") == 0) return OPEN_SESSION;
  return strcmp(word, "close") == 0 ? CLOSE_SESSION : UNKNOWN_MODE;
}

// ─── the stages ────────────────────────────────────────────────────────────────────────────────

static int start(char** argv, const struct pam_conv* conversation, pam_handle_t** handle);
static int has_service_file(pam_handle_t* handle);
static struct result log_in(pam_handle_t* handle);
static struct result open_session(pam_handle_t* handle);
static struct result close_session(pam_handle_t* handle);

static struct result converse_with_pam(enum mode mode, char** argv, struct channel* channel,
                                       pam_handle_t** handle) {
  const struct pam_conv conversation = {answer_modules, channel};
  struct result result = {start(argv, &conversation, handle), 's'};
  if (result.code != PAM_SUCCESS) return result;
  // libpam would quietly take the rules of the service "other" instead.
  if (!has_service_file(*handle)) return (struct result){PAM_SERVICE_ERR, 'f'};

  if (mode == OPEN_SESSION) return open_session(*handle);
  return mode == CLOSE_SESSION ? close_session(*handle) : log_in(*handle);
}

// PAM_FAIL_DELAY: libpam gives the time that the modules asked for, and leaves the waiting to us.
static void report_delay(int code, unsigned microseconds, void* context) {
  if (code == PAM_SUCCESS || microseconds == 0) return;
  char head[4];
  put_number(head, microseconds);
  send_message(context, 'd', head, sizeof head, "");
}

static int start(char** argv, const struct pam_conv* conversation, pam_handle_t** handle) {
  int code = pam_start(argv[2], argv[3], conversation, handle);
  if (code != PAM_SUCCESS) {
    *handle = NULL;
    return code;
  }
  code = pam_set_item(*handle, PAM_FAIL_DELAY, (const void*)report_delay);
  if (code == PAM_SUCCESS) code = pam_set_item(*handle, PAM_TTY, TERMINAL);
  if (code == PAM_SUCCESS && argv[4][0] != '\0') code = pam_set_item(*handle, PAM_RHOST, argv[4]);
  return code;
}

// libpam writes the name of a service small; where there is no folder of services it reads
// /etc/pam.conf.
static int has_service_file(pam_handle_t* handle) {
  static const char* const folders[] = {"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d",
                                        "/usr/share/pam.d", "/usr/local/etc/pam.d"};
  const void* service = NULL;
  if (pam_get_item(handle, PAM_SERVICE, &service) != PAM_SUCCESS || service == NULL) return 0;
  int any_folder = 0;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char file[64 + NAME_MAX_BYTES];
    snprintf(file, sizeof file, "%s/%s", folders[i], (const char*)service);
    if (access(file, F_OK) == 0) return 1;
    if (access(folders[i], F_OK) == 0) any_folder = 1;
  }
  return !any_folder;
}

static struct result log_in(pam_handle_t* handle) {
  struct result result = {PAM_SUCCESS, 'a'};
  result.code = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
  if (result.code != PAM_SUCCESS) return result;

  // Without this an account that expired long ago comes in.
  result.stage = 'm';
  result.code = pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
  if (result.code != PAM_NEW_AUTHTOK_REQD) return result;

  result.stage = 'c';
  result.code = pam_chauthtok(handle, PAM_CHANGE_EXPIRED_AUTHTOK);
  return result;
}

static struct result open_session(pam_handle_t* handle) {
  struct result result = {pam_setcred(handle, PAM_ESTABLISH_CRED), 'k'};
  if (result.code != PAM_SUCCESS) return result;
  result.stage = 'o';
  result.code = pam_open_session(handle, 0);
  if (result.code != PAM_SUCCESS) pam_setcred(handle, PAM_DELETE_CRED);
  return result;
}

static struct result close_session(pam_handle_t* handle) {
  const struct result result = {pam_close_session(handle, 0), 'l'};
  // Credentials die with this process anyway; modules may have more to put away.
  pam_setcred(handle, PAM_DELETE_CRED);
  return result;
}

// ─── what is found out ─────────────────────────────────────────────────────────────────────────

static int send_groups(struct channel* channel, const char* user);

static int describe_user(struct channel* channel, pam_handle_t* handle) {
  const void* user = NULL;
  if (pam_get_item(handle, PAM_USER, &user) != PAM_SUCCESS || user == NULL) return 1;
  return send_message(channel, 'u', NULL, 0, user) && send_groups(channel, user);
}

// Somebody whom PAM knows and the system does not may still stand in /etc/group.
static int send_groups(struct channel* channel, const char* user) {
  static gid_t groups[GROUPS_MAX];
  const gid_t nobody = (gid_t)-1;
  const struct passwd* account = getpwnam(user);
  int count = GROUPS_MAX;
  // Of more groups than that it stores the first ones.
  if (getgrouplist(user, account == NULL ? nobody : account->pw_gid, groups, &count) < 0) {
    count = GROUPS_MAX;
  }
  for (int i = 0; i < count; i++) {
    const struct group* group = groups[i] == nobody ? NULL : getgrgid(groups[i]);
    if (group == NULL) continue;
    char head[4];
    put_number(head, groups[i]);
    if (!send_message(channel, 'g', head, sizeof head, group->gr_name)) return 0;
  }
  return 1;
}

static int deliver(struct channel* channel, pam_handle_t* handle, struct result result) {
  char head[5];
  put_number(head, (uint32_t)result.code);
  head[4] = result.stage;
  return send_message(channel, 'r', head, sizeof head, pam_strerror(handle, result.code));
}

// ─── what the modules ask ──────────────────────────────────────────────────────────────────────

static char* ask(struct channel* channel, char type, const char* question);
static void forget_answers(struct pam_response* answers, int count);

static int answer_modules(int count, const struct pam_message** messages,
                          struct pam_response** responses, void* context) {
  struct channel* channel = context;
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  struct pam_response* answers = calloc((size_t)count, sizeof *answers);
  if (answers == NULL) return PAM_BUF_ERR;

  for (int i = 0; i < count; i++) {
    const char* text = messages[i]->msg == NULL ? "" : messages[i]->msg;
    int said = 0;
    switch (messages[i]->msg_style) {
      case PAM_PROMPT_ECHO_OFF:
      case PAM_PROMPT_ECHO_ON:
        answers[i].resp =
            ask(channel, messages[i]->msg_style == PAM_PROMPT_ECHO_ON ? 'e' : 'p', text);
        said = answers[i].resp != NULL;
        break;
      case PAM_TEXT_INFO:
        said = send_message(channel, 'i', NULL, 0, text);
        break;
      case PAM_ERROR_MSG:
        said = send_message(channel, 'x', NULL, 0, text);
        break;
    }
    if (!said) {
      forget_answers(answers, count);
      return PAM_CONV_ERR;
    }
  }
  *responses = answers;
  return PAM_SUCCESS;
}

static void forget_answers(struct pam_response* answers, int count) {
  for (int i = 0; i < count; i++) {
    if (answers[i].resp == NULL) continue;
    explicit_bzero(answers[i].resp, strlen(answers[i].resp));
    free(answers[i].resp);
  }
  free(answers);
}

// Returns what libpam or the module will free, NULL when the conversation is cancelled.
static char* ask(struct channel* channel, char type, const char* question) {
  if (channel->cancelled || !send_message(channel, type, NULL, 0, question)) return NULL;

  uint8_t header[5];
  char* answer = NULL;
  if (read_all(channel->in, header, sizeof header)) {
    const size_t length =
        (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
    // The length counts the type byte, which is part of `header`.
    if (header[4] == 'a' && length >= 1 && length - 1 <= ANSWER_MAX) {
      answer = calloc(1, length);
      if (answer != NULL &&
          (!read_all(channel->in, answer, length - 1) || memchr(answer, 0, length - 1) != NULL)) {
        explicit_bzero(answer, length);
        free(answer);
        answer = NULL;
      }
    }
  }
  // After a broken answer nothing that follows can be trusted to be one.
  if (answer == NULL) channel->cancelled = 1;
  return answer;
}

// ─── the process ───────────────────────────────────────────────────────────────────────────────

static int acceptable_name(const char* text, int may_be_empty) {
  const size_t length = strnlen(text, NAME_MAX_BYTES + 1);
  if (length > NAME_MAX_BYTES || (length == 0 && !may_be_empty)) return 0;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) return 0;
  }
  return 1;
}

static void out_of_time(int signal_number) {
  (void)signal_number;
  _exit(OUT_OF_TIME);
}

static int arm_timeout(const char* seconds) {
  unsigned long timeout = DEFAULT_TIMEOUT_SECONDS;
  if (seconds != NULL) {
    char* end = NULL;
    timeout = strtoul(seconds, &end, 10);
    if (*seconds == '\0' || *end != '\0' || timeout < 1 || timeout > MAX_TIMEOUT_SECONDS) return 0;
  }
  // Blocked signals are inherited from whoever started us.
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &mask, NULL);
  signal(SIGALRM, out_of_time);
  alarm((unsigned)timeout);
  return 1;
}

static void hide_from_core_dumps(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
