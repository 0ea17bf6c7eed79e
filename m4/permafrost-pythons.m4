# PERMAFROST_PYTHONS
# ------------------
# Finds the interpreters and writes pythons.mk and ext/interpreters.json.  Sets
# pythons_table, for the summary, and substitutes MATRIX_TESTS: Automake must see
# the names of the tests, it silently drops what only make knows.
AC_DEFUN([PERMAFROST_PYTHONS], [
AC_ARG_WITH([pythons], [AS_HELP_STRING([--with-pythons=LIST],
  [executables to build for, separated by commas or spaces @<:@default: auto, all
   that PATH, pyenv, /opt/python, uv and conda have@:>@])],
  [], [with_pythons=auto])
AC_SUBST([with_pythons])

AC_MSG_CHECKING([for interpreters])
"$srcdir/build-aux/find-pythons" "$with_pythons" >pythons.found 2>pythons.warnings
pythons_table=`"$srcdir/build-aux/check-pythons" "$CC" "$EXT_CPPFLAGS" <pythons.found` ||
  AC_MSG_ERROR([the list of interpreters could not be written])
pythons_tags=`sed -n 's/^TAGS = *//p' pythons.mk`
pythons_pypy_tags=`sed -n 's/^PYPY_TAGS = *//p' pythons.mk`
pythons_all=`echo $pythons_tags $pythons_pypy_tags`
AC_MSG_RESULT([${pythons_all:-none}])
while IFS= read -r pythons_line; do
  AC_MSG_WARN([$pythons_line])
done <pythons.warnings
rm -f pythons.warnings

# Two lists, in strategies/Makemodule.am, are all that knows the strategies.
pythons_strategies=`sed -e ':more' -e '/\\\\$/{' -e N -e 's/\\\\\n/ /' -e 'b more' -e '}' \
  "$srcdir/strategies/Makemodule.am" |
  sed -n -e 's/^STRATEGIES *= *//p' -e 's/^PYTHON_STRATEGIES *= *//p'`
MATRIX_TESTS=
for pythons_tag in $pythons_tags; do
  for pythons_name in $pythons_strategies gc_freeze layout events workloads calibrate upstream servers; do
    AS_VAR_APPEND([MATRIX_TESTS], [" tests/matrix/$pythons_tag-$pythons_name.pf"])
  done
done
for pythons_tag in $pythons_pypy_tags; do
  for pythons_name in $pythons_strategies events workloads; do
    AS_VAR_APPEND([MATRIX_TESTS], [" tests/matrix/$pythons_tag-$pythons_name.pf"])
  done
done
AC_SUBST([MATRIX_TESTS])
])
