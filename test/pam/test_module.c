// A PAM module for tests: each argument in its rule is one thing that it does, in their order.
//
//   record=FILE   appends "STAGE USER REMOTE-HOST TTY" to a file
//   tell=TEXT     says something            show=TEXT / ask=TEXT  asks, with and without echo
//   expect=TEXT   the last answer must be this, or the person is refused
//   user=NAME     changes the name          delay=MICROSECONDS    wants a refusal held back
//   sleep=SECONDS blocks                    crash                 ends the process by a signal
//   strange       asks in a style that no client knows
//   code=NUMBER   the result, in place of PAM_SUCCESS
//
// An underscore in a text stands for a space.
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char* item(pam_handle_t* handle, int which) {
  const void* value = NULL;
  return pam_get_item(handle, which, &value) == PAM_SUCCESS && value != NULL ? value : "-";
}

static void record(pam_handle_t* handle, const char* file, const char* stage) {
  FILE* out = fopen(file, "a");
  if (out == NULL) return;
  fprintf(out, "%s %s %s %s\n", stage, item(handle, PAM_USER), item(handle, PAM_RHOST),
          item(handle, PAM_TTY));
  fclose(out);
}

static int converse(pam_handle_t* handle, int style, const char* argument, char** answer) {
  char text[1024];
  snprintf(text, sizeof text, "%s", argument);
  for (char* at = text; *at != '\0'; at++) {
    if (*at == '_') *at = ' ';
  }
  return pam_prompt(handle, style, answer, "%s", text);
}

static int is(const char* argument, const char* verb) {
  const size_t length = strlen(verb);
  return strncmp(argument, verb, length) == 0 && (argument[length] == '=' || argument[length] == 0);
}

static int act(pam_handle_t* handle, int argc, const char** argv, const char* stage) {
  char* answer = NULL;
  int code = PAM_SUCCESS;
  for (int i = 0; i < argc && code == PAM_SUCCESS; i++) {
    const char* verb = argv[i];
    const char* equals = strchr(verb, '=');
    const char* value = equals == NULL ? "" : equals + 1;
    if (is(verb, "show") || is(verb, "ask") || is(verb, "strange")) {
      const int style = is(verb, "show")  ? PAM_PROMPT_ECHO_ON
                        : is(verb, "ask") ? PAM_PROMPT_ECHO_OFF
                                          : PAM_RADIO_TYPE;
      free(answer);
      answer = NULL;
      code = converse(handle, style, value, &answer);
    }
    if (is(verb, "expect") && (answer == NULL || strcmp(answer, value) != 0)) code = PAM_AUTH_ERR;
    if (is(verb, "tell")) code = converse(handle, PAM_TEXT_INFO, value, NULL);
    if (is(verb, "record")) record(handle, value, stage);
    if (is(verb, "user")) code = pam_set_item(handle, PAM_USER, value);
    if (is(verb, "delay")) code = pam_fail_delay(handle, (unsigned)atoi(value));
    if (is(verb, "sleep")) sleep((unsigned)atoi(value));
    if (is(verb, "crash")) raise(SIGSEGV);
    if (is(verb, "code")) code = atoi(value);
  }
  free(answer);
  return code;
}

#define STAGE(name)                                                                 \
  int pam_sm_##name(pam_handle_t* handle, int flags, int argc, const char** argv) { \
    (void)flags;                                                                    \
    return act(handle, argc, argv, #name);                                          \
  }

STAGE(authenticate)
STAGE(setcred)
STAGE(acct_mgmt)
STAGE(open_session)
STAGE(close_session)

// libpam asks twice: whether it could be done, then to do it.
int pam_sm_chauthtok(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return flags & PAM_PRELIM_CHECK ? PAM_SUCCESS : act(handle, argc, argv, "chauthtok");
}
