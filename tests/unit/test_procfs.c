/* test_procfs.c - the parsers of /proc: harness/procfs.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"

static const char rollup[] =
	"55d0c0a00000-7ffd1a9f2000 ---p 00000000 00:00 0    [rollup]\n"
	"Rss:               11156 kB\n"
	"Pss:                7230 kB\n"
	"Pss_Dirty:          4712 kB\n"
	"Pss_Anon:           4700 kB\n"
	"Pss_File:           2518 kB\n"
	"Pss_Shmem:            12 kB\n"
	"Shared_Clean:       5484 kB\n"
	"Shared_Dirty:          0 kB\n"
	"Private_Clean:       960 kB\n"
	"Private_Dirty:      4712 kB\n"
	"Referenced:        11156 kB\n"
	"Anonymous:          4700 kB\n"
	"LazyFree:              0 kB\n"
	"AnonHugePages:         0 kB\n"
	"Swap:                 36 kB\n"
	"SwapPss:              36 kB\n"
	"Locked:                0 kB\n";

static void test_rollup(void **state)
{
	struct procfs_memory m;

	(void)state;
	memset(&m, 0x55, sizeof m);
	assert_int_equal(procfs_parse_memory(rollup, &m), 0);
	assert_int_equal(m.rss, 11156);
	assert_int_equal(m.pss, 7230);
	assert_int_equal(m.pss_anon, 4700);
	assert_int_equal(m.pss_shmem, 12);
	assert_int_equal(m.private_clean, 960);
	assert_int_equal(m.private_dirty, 4712);
	assert_int_equal(m.swap, 36);
}

/* Without a rollup: each mapping by itself, in an older kernel's fewer lines. */
static void test_smaps(void **state)
{
	static const char smaps[] =
		"00400000-0048a000 r-xp 00000000 fd:03 960637 /bin/Rss: 9 kB\n"
		"Size:                552 kB\n"
		"Rss:                 460 kB\n"
		"Pss:                 100 kB\n"
		"Private_Clean:         1 kB\n"
		"Private_Dirty:         2 kB\n"
		"Swap:                  3 kB\n"
		"VmFlags: rd ex mr mw me dw\n"
		"01000000-02000000 rw-p 00000000 00:00 0 [heap]\n"
		"Size:              16384 kB\n"
		"Rss:                  40 kB\n"
		"Pss:                  10 kB\n"
		"Private_Clean:        10 kB\n"
		"Private_Dirty:        20 kB\n"
		"Swap:                 30 kB\n"
		"VmFlags: rd wr mr mw me ac\n"
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n"
		"Rss:                   4 kB\n"
		"Pss:                   4 kB\n";
	struct procfs_memory m;

	(void)state;
	assert_int_equal(procfs_parse_memory(smaps, &m), 0);
	assert_int_equal(m.rss, 504);
	assert_int_equal(m.pss, 114);
	assert_int_equal(m.pss_anon, 0);
	assert_int_equal(m.private_clean, 11);
	assert_int_equal(m.private_dirty, 22);
	assert_int_equal(m.swap, 33);
}

static void test_bad_memory(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"nothing",
		"Pss: 4 kB\n",
		"Rss",
		"Rss:",
		"Rss:\n",
		"Rss: kB\n",
		"Rss: 4",
		"Rss: 4 k",
		"Rss: 4 MB\n",
		"Rss: -4 kB\n",
		"Rss: x kB\n",
		"Rss: 9223372036854775808 kB\n",
		"Rss: 99999999999999999999999 kB\n",
		"XRss: 4 kB\n",
		"Rss: 4 kB\nSwap: -1 kB\n",
		"Rss: 4 kB\nPss: ",
		"Rss: 9223372036854775807 kB\nRss: 1 kB\n",
	};
	struct procfs_memory m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (procfs_parse_memory(bad[i], &m) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(procfs_parse_memory("Rss: 9223372036854775807 kB", &m),
			 0);
	assert_true(m.rss == INT64_MAX);
	/* A process without memory of its own: a kernel thread, a zombie. */
	assert_int_equal(procfs_parse_memory("Rss: 0 kB\n", &m), 0);
}

/* Cut off at any byte, the text is refused or read, but never beyond its end,
 * which only a sanitizer or valgrind sees. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof rollup; n++) {
		char *text = test_malloc(n + 1);
		struct procfs_memory m;

		memcpy(text, rollup, n);
		text[n] = '\0';
		if (procfs_parse_memory(text, &m) == 0)
			assert_int_equal(m.rss, 11156);
		test_free(text);
	}
}

static const char fields[] =
	" 1234 1234 1234 34816 1234 4194304 1101 2202 33 44 "
	"5 6 7 8 20 0 3 0 987654 12345678 1500 18446744073709551615 1 2 3 4 5 0 "
	"0 16781312 134764290 0 0 0 17 1 0 0 0 0 0 1 2 3 4 5 6 7";

static void read_line(const char *before, char state, const char *status,
		      struct procfs_stat *s)
{
	char line[1024];

	snprintf(line, sizeof line, "%s %c%s %s\n", before, state, fields,
		 status);
	memset(s, 0x55, sizeof *s);
	assert_int_equal(procfs_parse_stat(line, s), 0);
	assert_int_equal(s->ppid, 1234);
	assert_int_equal(s->minor_faults, 1101);
	assert_int_equal(s->major_faults, 33);
	assert_int_equal(s->cpu_ticks, 11);
}

static void test_stat(void **state)
{
	static const char *const names[][2] = {
		{ "77 (python)", "python" },
		{ "77 ()", "" },
		{ "77 (a b)", "a b" },
		{ "77 (a) R 9 9 9 (b)", "a) R 9 9 9 (b" },
		{ "77 ())))", ")))" },
		{ "77 (((()", "(((" },
		{ "77 (x\ny)", "x?y" },
		{ "77 ( )", " " },
		{ "77 (\xff\x01)", "??" },
		{ "77 )", "" },
		{ "77 (1234567890123456789012345678901234)",
		  "1234567890123456789012345678901" },
	};
	struct procfs_stat s;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		read_line(names[i][0], 'S', "0", &s);
		assert_string_equal(s.name, names[i][1]);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.exit_status, 0);
	}
}

static void test_zombie(void **state)
{
	struct procfs_stat s;

	(void)state;
	read_line("77 (python)", 'Z', "256", &s);
	assert_int_equal(s.state, 'Z');
	assert_true(WIFEXITED(s.exit_status));
	assert_int_equal(WEXITSTATUS(s.exit_status), 1);
	read_line("77 (a) b)", 'Z', "9", &s);
	assert_true(WIFSIGNALED(s.exit_status));
	assert_int_equal(WTERMSIG(s.exit_status), 9);
}

static void test_bad_stat(void **state)
{
	static const char *const bad[] = {
		"",
		"77",
		"77 (python",
		"77 python S 1",
		"77 (python)",
		"77 (python) S",
		"77 (python) S 1",
		"77 (python) S x 1 1 1 1 1",
		"77 (python) S 1 2 3 4 5 6 7 8",
	};
	struct procfs_stat s;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (procfs_parse_stat(bad[i], &s) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	/* A kernel that says less: then the exit status is not known. */
	assert_int_equal(procfs_parse_stat("77 (p) Z 1 2 3 4 5 6 7 8 9", &s),
			 0);
	assert_int_equal(s.exit_status, 0);
	assert_int_equal(s.cpu_ticks, 0);
}

static void test_field(void **state)
{
	static const char meminfo[] =
		"MemTotal:        8039880 kB\n"
		"MemFree:          421684 kB\n"
		"MemAvailable:    6039384 kB\n"
		"HugePages_Total:       0\n";

	(void)state;
	assert_int_equal(procfs_parse_field(meminfo, "MemTotal"), 8039880);
	assert_int_equal(procfs_parse_field(meminfo, "MemAvailable"), 6039384);
	assert_int_equal(procfs_parse_field(meminfo, "HugePages_Total"), 0);
	assert_int_equal(procfs_parse_field(meminfo, "Mem"), -1);
	assert_int_equal(procfs_parse_field(meminfo, "Free"), -1);
	assert_int_equal(procfs_parse_field(meminfo, "Swap"), -1);
	assert_int_equal(procfs_parse_field("", "MemTotal"), -1);
	assert_int_equal(procfs_parse_field("MemTotal", "MemTotal"), -1);
	assert_int_equal(procfs_parse_field("A: kB\nB: 1", "A"), -1);
	assert_int_equal(procfs_parse_field("A:\n 1", "A"), -1);
	assert_int_equal(procfs_parse_field("A: -1", "A"), -1);
}

/* The real files, of this process and of none. */
static void test_live(void **state)
{
	struct procfs_memory m;
	struct procfs_stat s;
	int64_t cpu;

	(void)state;
	assert_int_equal(procfs_read_memory(getpid(), &m), 0);
	assert_true(m.rss > 0 && m.pss > 0 && m.pss <= m.rss);
	assert_int_equal(procfs_read_stat(getpid(), &s), 0);
	assert_int_equal(s.ppid, getppid());
	assert_int_equal(s.state, 'R');
	assert_true(s.minor_faults > 0);
	assert_int_equal(procfs_read_cpu(getpid(), &cpu), 0);
	assert_true(cpu > 0);
	assert_true(procfs_meminfo("MemAvailable") > 0);
	assert_int_equal(procfs_meminfo("NoSuchField"), -1);
	assert_int_equal(procfs_read_stat(0, &s), -ENOENT);
}

static void test_live_zombie(void **state)
{
	struct procfs_stat s;
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(42);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs_read_stat(pid, &s), 0);
	assert_int_equal(s.state, 'Z');
	assert_int_equal(s.ppid, getpid());
	assert_int_equal(WEXITSTATUS(s.exit_status), 42);
	waitpid(pid, NULL, 0);
}

/* A child and its child, and one that is nobody's business. */
static void test_descendants(void **state)
{
	int ready[2], go[2];
	pid_t child, grandchild = 0, *pids;
	size_t n;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		grandchild = fork();
		if (grandchild == 0)
			grandchild = getpid();
		else
			grandchild = 0;
		if (grandchild != 0)
			(void)!write(ready[1], &grandchild, sizeof grandchild);
		(void)!read(go[0], &c, 1); /* until the end is closed */
		_exit(0);
	}
	assert_int_equal(read(ready[0], &grandchild, sizeof grandchild),
			 sizeof grandchild);
	assert_int_equal(procfs_descendants(getpid(), &pids, &n), 0);
	assert_int_equal(n, 2);
	assert_true((pids[0] == child && pids[1] == grandchild) ||
		    (pids[1] == child && pids[0] == grandchild));
	free(pids);
	assert_int_equal(procfs_descendants(child, &pids, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], grandchild);
	free(pids);
	assert_int_equal(procfs_descendants(grandchild, &pids, &n), 0);
	assert_int_equal(n, 0);
	free(pids);
	close(go[1]);
	waitpid(child, NULL, 0);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}

static int is_named(pid_t pid, const char *name)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof text, file) != NULL)
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return strcmp(text, name) == 0;
}

/* A thread of the kernel is known by its parent: a program may have any name. */
static void test_kernel_thread(void **state)
{
	static const char name[] = "no-such-thread";
	int ready[2], go[2];
	pid_t child, found;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		prctl(PR_SET_NAME, name);
		(void)!write(ready[1], "", 1);
		(void)!read(go[0], &c, 1); /* until the end is closed */
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	found = procfs_kernel_thread(name);
	close(go[1]);
	waitpid(child, NULL, 0);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(found, -1);
	/* Every kernel has these two, but a container does not show them. */
	if (!is_named(2, "kthreadd"))
		return;
	found = procfs_kernel_thread("ksoftirqd/0");
	assert_true(found > 2);
	assert_true(is_named(found, "ksoftirqd/0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descendants),
		cmocka_unit_test(test_rollup),
		cmocka_unit_test(test_smaps),
		cmocka_unit_test(test_bad_memory),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_bad_stat),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_live_zombie),
		cmocka_unit_test(test_kernel_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
