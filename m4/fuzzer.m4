# PERMAFROST_FUZZER
# -----------------
# Substitutes FUZZ_CC, a compiler with libFuzzer and sanitizers; empty if there is
# none.
AC_DEFUN([PERMAFROST_FUZZER], [
AC_ARG_VAR([FUZZ_CC], [compiler with -fsanitize=fuzzer, for make fuzz])
AS_IF([test -z "$FUZZ_CC"], [AC_CHECK_PROGS([FUZZ_CC], [clang])])
AC_CACHE_CHECK([whether ${FUZZ_CC:-clang} has libFuzzer], [permafrost_cv_fuzzer], [
permafrost_cv_fuzzer=no
cat >conftest.c <<'END'
int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size);
int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size)
{
	return data == 0 && size > 0;
}
END
AS_IF([test -n "$FUZZ_CC" && $FUZZ_CC -fsanitize=fuzzer,address,undefined \
    -o conftest$EXEEXT conftest.c >&AS_MESSAGE_LOG_FD 2>&1],
  [permafrost_cv_fuzzer=yes])
rm -f conftest*])
AS_IF([test "$permafrost_cv_fuzzer" = no], [FUZZ_CC=])
])
