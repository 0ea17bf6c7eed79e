# PERMAFROST_GO
# -------------
# Substitutes GO, and GO_TAG if it can compile workloads/go; writes ext/go.json, the
# manifest of what is then built, or removes it.
AC_DEFUN([PERMAFROST_GO], [
AC_PATH_PROG([GO], [go])
AC_PATH_PROG([GOFMT], [gofmt])
GO_TAG=
rm -f ext/go.json
AS_IF([test -n "$GO"], [
AC_MSG_CHECKING([for the version of Go])
GO_TAG=`GOTOOLCHAIN=local "$GO" version 2>/dev/null |
  sed -n 's,^go version \(go@<:@0-9@:>@@<:@0-9A-Za-z.@:>@*\) linux/.*,\1,p'`
AS_IF([test -z "$GO_TAG"], [AC_MSG_RESULT([none for Linux])],
  ["$srcdir/build-aux/go-build" "$GO" conftest.go.out \
     "$srcdir"/workloads/go/*.go >&AS_MESSAGE_LOG_FD 2>&1],
  [AC_MSG_RESULT([$GO_TAG])],
  [AC_MSG_RESULT([$GO_TAG, which cannot compile workloads/go, see config.log])
   GO_TAG=])
rm -f conftest.go.out])
AS_IF([test -n "$GO_TAG"], [
AS_MKDIR_P([ext])
go_version=${GO_TAG@%:@go}
echo "{\"interpreters\": @<:@{\"tag\": \"$GO_TAG\", \"version\": \"$go_version\"," \
  "\"implementation\": \"go\", \"abi_flags\": \"\"," \
  "\"executable\": \"permafrost/driver\", \"era\": null," \
  "\"ext_dir\": \"$GO_TAG\"}@:>@}" >ext/go.json])
AC_SUBST([GO_TAG])
])
