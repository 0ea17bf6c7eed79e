# PERMAFROST_SANITIZERS
# ---------------------
# Substitutes SANITIZE_FLAGS, which all objects are compiled and linked with; empty
# unless --enable-sanitizers is given.  The first finding ends the program.
AC_DEFUN([PERMAFROST_SANITIZERS], [
AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers=LIST],
  [build everything with these sanitizers of the compiler, as in
   address,undefined; for tests, see make check-sanitizers])],
  [], [enable_sanitizers=no])
SANITIZE_FLAGS=
AS_CASE([$enable_sanitizers], [no], [],
  [AS_IF([test "$enable_sanitizers" = yes], [enable_sanitizers=address,undefined])
   SANITIZE_FLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
   AC_MSG_CHECKING([whether $CC has -fsanitize=$enable_sanitizers])
   permafrost_cflags=$CFLAGS
   CFLAGS="$CFLAGS $SANITIZE_FLAGS"
   AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
     [AC_MSG_RESULT([no])
      AC_MSG_ERROR([$CC cannot link a program with -fsanitize=$enable_sanitizers])])
   CFLAGS=$permafrost_cflags])
AC_SUBST([SANITIZE_FLAGS])
])
