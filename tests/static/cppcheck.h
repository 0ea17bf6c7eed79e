/* cppcheck.h - what cppcheck, which reads no headers of libraries, must know of
 * them: what does not return, and macros of Jansson that begin a loop. */
__attribute__((noreturn)) void _exit(int status);
#define json_array_foreach(array, index, value)                                \
	for (index = 0; (value = json_array_get(array, index)) != NULL; index++)
#define json_object_foreach(object, key, value)                                \
	for (key = json_object_iter_key(json_object_iter(object));             \
	     (value = json_object_get(object, key)) != NULL;)
