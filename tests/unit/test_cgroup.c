/* test_cgroup.c - finding, making and reading a memory cgroup: harness/cgroup.c. */
#define _GNU_SOURCE
#include "util.h" /* before cmocka.h, whose fail() is a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgrouppath.h"
#include "memcheck.h"
#include "within.h"

/* Debian 12, a root shell. */
static const char systemd_mounts[] =
	"24 30 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
	"30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	"33 24 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - "
	"cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
static const char systemd_self[] =
	"0::/user.slice/user-0.slice/session-3.scope\n";

/* v1 controllers, some mounted together, and v2 without any. */
static const char hybrid_mounts[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs memory rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:5 master:2 - "
	"cgroup cgroup rw,memory\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup memory rw,name=memory\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
static const char hybrid_self[] =
	"9:name=memory:/wrong\n"
	"4:cpu,cpuacct:/wrong\n"
	"3:hugetlb,memory:/a:b/c\n"
	"0::/user.slice\n";

/* v1 in a container without a cgroup namespace: a part of the tree is mounted. */
static const char docker_mounts[] =
	"900 899 0:33 /docker/4f2 /sys/fs/cgroup/memory ro - "
	"cgroup cgroup rw,memory\n";

static char *locate(const char *mounts, const char *self, int version,
		    const char *mount)
{
	size_t length = 999;
	char *path = cgroup_locate(mounts, self, "memory", version, &length);

	if (path != NULL)
		assert_int_equal(length, strlen(mount));
	return path;
}

static void assert_located(const char *mounts, const char *self, int version,
			   const char *mount, const char *expected)
{
	char *path = locate(mounts, self, version, mount);

	if (expected == NULL)
		assert_null(path);
	else
		assert_string_equal(path, expected);
	free(path);
}

static void test_locate(void **state)
{
	static const char v2[] = "/sys/fs/cgroup";
	static const char memory[] = "/sys/fs/cgroup/memory";

	(void)state;
	assert_located(
		systemd_mounts, systemd_self, 2, v2,
		"/sys/fs/cgroup/user.slice/user-0.slice/session-3.scope");
	assert_located(systemd_mounts, systemd_self, 1, "", NULL);
	assert_located(systemd_mounts, "0::/\n", 2, v2, v2);
	assert_located(hybrid_mounts, hybrid_self, 1, memory,
		       "/sys/fs/cgroup/memory/a:b/c");
	assert_located(hybrid_mounts, hybrid_self, 2, "/sys/fs/cgroup/unified",
		       "/sys/fs/cgroup/unified/user.slice");
	assert_located(hybrid_mounts, "4:cpu,cpuacct:/\n", 1, "", NULL);
	assert_located("", hybrid_self, 1, "", NULL);
	assert_located(hybrid_mounts, "", 1, "", NULL);
}

static void test_locate_in_containers(void **state)
{
	static const char v2[] = "/sys/fs/cgroup";
	static const char memory[] = "/sys/fs/cgroup/memory";
	char *both = xasprintf("%s%s", docker_mounts, hybrid_mounts);

	(void)state;
	assert_located(docker_mounts, "5:memory:/docker/4f2\n", 1, memory,
		       memory);
	assert_located(docker_mounts, "5:memory:/docker/4f2/x\n", 1, memory,
		       "/sys/fs/cgroup/memory/x");
	/* Elsewhere in the tree, though the name begins alike. */
	assert_located(docker_mounts, "5:memory:/docker/4f23\n", 1, memory,
		       memory);
	/* A later mount that shows the cgroup is better. */
	assert_located(both, "5:memory:/other\n", 1, memory,
		       "/sys/fs/cgroup/memory/other");
	free(both);
	/* A cgroup namespace, and a process that was moved out of its root. */
	assert_located(systemd_mounts, "0::/../sibling\n", 2, v2, v2);
	assert_located("9 8 0:2 /.. /sys/fs/cgroup rw - cgroup2 none rw\n",
		       "0::/../sibling\n", 2, v2, "/sys/fs/cgroup/sibling");
}

static void test_locate_odd_lines(void **state)
{
	static const char *const bad[] = {
		"\n",
		" - cgroup2",
		"1 2 3 - cgroup2 x rw",
		"1 2 3 / /x rw cgroup2",
		"1 2 3 / /x rw - ",
		"1 2 3 / /x rw - cgroup",
		"\n\n - \n",
		"1 2 3 / /x rw - tmpfs memory rw,memory",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (int version = 1; version <= 2; version++)
			assert_located(bad[i], hybrid_self, version, "", NULL);
	assert_located("1 2 3 / /a\\040b\\134 rw - cgroup2 none rw", "0::/c", 2,
		       "/a b\\", "/a b\\/c");
	assert_located(systemd_mounts, "0:\n:\n::\n0::/x", 2, "/sys/fs/cgroup",
		       "/sys/fs/cgroup/x");
}

static void test_stat_v1(void **state)
{
	static const char text[] =
		"cache 1\nrss 2\nrss_huge 0\nshmem 3\nmapped_file 0\n"
		"hierarchical_memory_limit 9223372036854771712\n"
		"total_cache 2334720\ntotal_rss 1695744\ntotal_rss_huge 0\n"
		"total_shmem 1048576\ntotal_mapped_file 0\n";
	struct cgroup_memory m = { .usage = 7, .kernel = 8 };

	(void)state;
	assert_int_equal(cgroup_parse_stat(text, 1, &m), 0);
	assert_int_equal(m.anon, 1656);
	assert_int_equal(m.shmem, 1024);
	assert_int_equal(m.file, 1256);
	assert_int_equal(m.usage, 7);
	assert_int_equal(m.kernel, 8);
	assert_int_equal(cgroup_parse_stat(text, 2, &m), -EINVAL);
}

static void test_stat_v2(void **state)
{
	static const char head[] = "anon 1048576\nfile 3145728\n";
	static const char tail[] =
		"shmem 2097152\nfile_mapped 4096\nslab 32768\n"
		"sock 4096\n";
	char *now = xasprintf(
		"%skernel 204800\nkernel_stack 16384\n"
		"pagetables 8192\n%s",
		head, tail);
	char *before = xasprintf("%skernel_stack 16384\npagetables 8192\n%s",
				 head, tail);
	char *old = xasprintf("%sshmem 4194304\n", head);
	struct cgroup_memory m;

	(void)state;
	assert_int_equal(cgroup_parse_stat(now, 2, &m), 0);
	assert_int_equal(m.anon, 1024);
	assert_int_equal(m.shmem, 2048);
	assert_int_equal(m.file, 1024);
	assert_int_equal(m.kernel, 204);
	/* Linux 5.10 tells the parts only. */
	assert_int_equal(cgroup_parse_stat(before, 2, &m), 0);
	assert_int_equal(m.kernel, 60);
	/* No kernel memory told; shmem read later than file. */
	assert_int_equal(cgroup_parse_stat(old, 2, &m), 0);
	assert_int_equal(m.kernel, -1);
	assert_int_equal(m.file, 0);
	assert_int_equal(cgroup_parse_stat(now, 1, &m), -EINVAL);
	/* Figures beyond all memory are none; their sum would be negative. */
	assert_int_equal(
		cgroup_parse_stat("anon 0\nfile 0\nshmem 0\n"
				  "kernel 9223372036854775807\nsock 5\n",
				  2, &m),
		0);
	assert_int_equal(m.kernel, -1);
	free(now);
	free(before);
	free(old);
}

static void test_bad_stat(void **state)
{
	static const char *const bad[] = {
		"",
		"anon",
		"anon 1\nfile 2\n",
		"anon x\nfile 2\nshmem 3\n",
		"anon -1\nfile 2\nshmem 3\n",
		"xanon 1\nfile 2\nshmem 3\n",
		"anon 1\nfile\nshmem 3\n",
	};
	struct cgroup_memory m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (cgroup_parse_stat(bad[i], 2, &m) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
}

static void test_maker(void **state)
{
	(void)state;
	assert_int_equal(cgroup_maker("permafrost-1234"), 1234);
	assert_int_equal(cgroup_maker("permafrost-"), 0);
	assert_int_equal(cgroup_maker("permafrost-12x"), 0);
	assert_int_equal(cgroup_maker("permafrost--5"), 0);
	assert_int_equal(cgroup_maker("permafrost-0"), 0);
	assert_int_equal(cgroup_maker("user-1234"), 0);
	assert_int_equal(cgroup_maker("."), 0);
}

/* A cgroup, or the end of the test where none can be had. */
static void make_or_skip(struct cgroup *c)
{
	int result = cgroup_make(c);

	assert_true(result <= 0);
	if (result < 0) {
		assert_non_null(c->reason);
		assert_null(c->path);
		print_message("no cgroup: %s\n", c->reason);
		cgroup_fini(c);
		skip();
	}
	assert_null(c->reason);
	assert_non_null(c->path);
}

/* How many cgroups from the own one up to the mount point hold one of ours. */
static int made(int version)
{
	char *mountinfo, *self, *directory;
	size_t length;
	int n = 0;

	assert_int_equal(
		read_file("/proc/self/mountinfo", 1u << 24, &mountinfo, NULL),
		0);
	assert_int_equal(read_file("/proc/self/cgroup", 1u << 20, &self, NULL),
			 0);
	directory = cgroup_locate(mountinfo, self, "memory", version, &length);
	while (directory != NULL && strlen(directory) >= length) {
		char *path = xasprintf("%s/permafrost-%d", directory,
				       (int)getpid());

		n += access(path, F_OK) == 0;
		free(path);
		*strrchr(directory, '/') = '\0';
	}
	free(directory);
	free(mountinfo);
	free(self);
	return n;
}

static void test_makes_one(void **state)
{
	struct cgroup c;

	(void)state;
	make_or_skip(&c);
	assert_int_equal(made(1) + made(2), 1);
	assert_int_equal(made(c.version), 1);
	assert_int_equal(cgroup_fini(&c), 0);
	assert_int_equal(made(1) + made(2), 0);
}

struct child {
	pid_t pid;
	int ready[2], go[2];
};

/* Starts a child in the cgroup that touches `private` pages of its own, then
 * writes `shared` pages to a memfd without mapping it, and stands still. */
static void start_child(struct child *child, const struct cgroup *c,
			size_t private, size_t shared)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char byte = 0;

	assert_int_equal(pipe(child->ready), 0);
	assert_int_equal(pipe(child->go), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		int fd = memfd_create("test", 0);
		char *p;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup_enter(c->procs) < 0)
			_exit(1);
		p = mmap(NULL, private * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p, 1, private * page);
		for (size_t i = 0; i < shared; i++)
			if (write(fd, p, page) != (ssize_t)page)
				_exit(1);
		(void)!write(child->ready[1], &byte, 1);
		(void)!read(child->go[0], &byte, 1);
		_exit(0);
	}
	close(child->ready[1]);
	assert_int_equal(read(child->ready[0], &byte, 1), 1);
}

static void end_child(struct child *child)
{
	int status;

	assert_int_equal(write(child->go[1], "", 1), 1);
	close(child->go[1]);
	close(child->go[0]);
	close(child->ready[0]);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_int_equal(status, 0);
}

/* Known answer.  The figures may lag by 64 pages per CPU. */
static void test_charged(void **state)
{
	size_t page_kib = (size_t)sysconf(_SC_PAGESIZE) / 1024;
	size_t lag = 64 * page_kib * (size_t)sysconf(_SC_NPROCESSORS_CONF);
	size_t own = 200 * page_kib; /* of any process */
	struct cgroup_memory before, after;
	struct cgroup c;
	struct child child;
	struct stat s;
	char *path;

	(void)state;
	make_or_skip(&c);
	assert_int_equal(cgroup_read(&c, &before), 0);
	assert_within(before.anon, 0, lag);
	start_child(&child, &c, 20000, 10000);
	assert_int_equal(cgroup_read(&c, &after), 0);
	assert_within(after.anon, 20000 * page_kib - lag,
		      20000 * page_kib + own + lag);
	assert_within(after.shmem, 10000 * page_kib - lag,
		      10000 * page_kib + lag);
	assert_within(after.usage, 30000 * page_kib - lag,
		      30000 * page_kib + own + 2 * lag + 4096);
	if (after.kernel >= 0) /* two levels of page tables at least */
		assert_within(after.kernel, 20000 * 8 / 1024., 4096);
	end_child(&child);
	path = xstrdup(c.path);
	assert_int_equal(cgroup_fini(&c), 0);
	assert_int_equal(stat(path, &s), -1);
	free(path);
}

/* Those that die a little later are waited for. */
static void test_slow_death(void **state)
{
	int ready[2], status;
	struct cgroup c;
	char byte = 0;
	pid_t pid;

	(void)state;
	make_or_skip(&c);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_enter(c.procs) < 0)
			_exit(1);
		(void)!write(ready[1], &byte, 1);
		usleep(20000);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(cgroup_fini(&c), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What is not in the cgroup is not charged to it. */
static void test_outside(void **state)
{
	size_t bytes = 20000 * (size_t)sysconf(_SC_PAGESIZE);
	struct cgroup_memory m;
	struct cgroup c;
	char *p;

	(void)state;
	make_or_skip(&c);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, bytes);
	assert_int_equal(cgroup_read(&c, &m), 0);
	assert_within(m.usage, 0, (double)bytes / 4096);
	munmap(p, bytes);
	assert_int_equal(cgroup_fini(&c), 0);
}

/* A process that is killed leaves its cgroup; the next one removes it, but none of
 * a living process and none with processes. */
static void test_leftovers(void **state)
{
	struct cgroup c, other;
	struct child held;
	int ready[2], status;
	char path[4096] = "", *living, *busy;
	struct stat s;
	pid_t pid, dead;

	(void)state;
	make_or_skip(&c);
	start_child(&held, &c, 1, 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_make(&other) < 0 ||
		    write(ready[1], other.path, strlen(other.path)) < 0)
			_exit(1);
		pause();
	}
	assert_true(read(ready[0], path, sizeof path - 1) > 0);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(stat(path, &s), 0);
	living = xasprintf("%.*s-%d", (int)(strrchr(path, '-') - path), path,
			   (int)held.pid);
	assert_int_equal(mkdir(living, 0755), 0);

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(stat(path, &s), 0);
	/* Another process cleans up. */
	dead = fork();
	if (dead == 0) {
		free(living);
		_exit(cgroup_make(&other) < 0 || cgroup_fini(&other) < 0);
	}
	assert_int_equal(waitpid(dead, &status, 0), dead);
	assert_int_equal(status, 0);
	assert_int_equal(stat(path, &s), -1);
	assert_int_equal(stat(living, &s), 0);
	assert_int_equal(stat(c.path, &s), 0);
	assert_int_equal(rmdir(living), 0);

	/* With a process in it, it stays, and -EBUSY says so. */
	busy = xstrdup(c.path);
	assert_int_equal(cgroup_fini(&c), -EBUSY);
	assert_int_equal(stat(busy, &s), 0);
	end_child(&held);
	/* What has our own number is ours to replace. */
	make_or_skip(&c);
	assert_string_equal(c.path, busy);
	assert_int_equal(cgroup_fini(&c), 0);
	assert_int_equal(stat(busy, &s), -1);
	free(busy);
	free(living);
}

/* Without rights there is a reason, and nothing is made. */
static void test_no_rights(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct cgroup c;
		struct cgroup_memory m;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(77);
		if (cgroup_make(&c) == 0)
			_exit(2);
		if (c.reason == NULL || c.path != NULL || c.procs != -1)
			_exit(3);
		if (strstr(c.reason, strerror(EACCES)) == NULL &&
		    strstr(c.reason, strerror(EROFS)) == NULL &&
		    strstr(c.reason, "controller") == NULL)
			_exit(4);
		_exit(cgroup_read(&c, &m) == -ENOENT ? 0 : 5);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_locate_controllers(void **state)
{
	static const char hybrid[] =
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup x rw,cpu,cpuacct\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup x rw,memory\n";
	static const char hybrid_own[] =
		"9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/u\n";
	static const struct {
		const char *mounts, *own, *controller, *mount, *dir;
		int version;
	} rows[] = {
		{ hybrid, hybrid_own, "memory", "/sys/fs/cgroup/memory",
		  "/sys/fs/cgroup/memory/a/b", 1 },
		{ hybrid, hybrid_own, "cpu", "/sys/fs/cgroup/cpu",
		  "/sys/fs/cgroup/cpu", 1 },
		{ hybrid, hybrid_own, "pids", NULL, NULL, 1 },
		{ hybrid, hybrid_own, "pids", "/sys/fs/cgroup/unified",
		  "/sys/fs/cgroup/unified/u", 2 },
		/* A container that sees its own part only. */
		{ "9 8 0:3 /box/7 /cg rw - cgroup2 cgroup rw\n",
		  "0::/box/7/leaf\n", "memory", "/cg", "/cg/leaf", 2 },
		{ "9 8 0:3 /box/7 /cg rw - cgroup2 cgroup rw\n", "0::/box/7\n",
		  "memory", "/cg", "/cg", 2 },
		{ "9 8 0:3 /box/7 /cg rw - cgroup2 cgroup rw\n", "0::/o/x\n",
		  "memory", "/cg", "/cg", 2 },
		{ "9 8 0:3 /box/7 /cg rw - cgroup2 x rw\n", "0::/box/77/x\n",
		  "memory", "/cg", "/cg", 2 },
		{ "9 8 0:3 / /cg rw - cgroup2 cgroup rw\n", "0::/\n", "memory",
		  "/cg", "/cg", 2 },
		{ "9 8 0:3 / / rw - ext4 /dev/x rw\n", "0::/\n", "memory", NULL,
		  NULL, 2 },
		{ "9 8 0:3 / /cg rw - cgroup2 cgroup rw\n", "", "memory", NULL,
		  NULL, 2 },
		{ "nonsense - \n - cgroup2\n\n", "::\n:\nx", "memory", NULL,
		  NULL, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t length = 0;
		char *dir = cgroup_locate(rows[i].mounts, rows[i].own,
					  rows[i].controller, rows[i].version,
					  &length);

		if (rows[i].dir == NULL) {
			assert_null(dir);
			continue;
		}
		assert_string_equal(dir, rows[i].dir);
		assert_int_equal(length, strlen(rows[i].mount));
		free(dir);
	}
}

int main(void)
{
	alarm(under_memcheck() ?
		      600 :
		      60); /* a child that never answers ends the test */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locate_controllers),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_locate_in_containers),
		cmocka_unit_test(test_locate_odd_lines),
		cmocka_unit_test(test_stat_v1),
		cmocka_unit_test(test_stat_v2),
		cmocka_unit_test(test_bad_stat),
		cmocka_unit_test(test_maker),
		cmocka_unit_test(test_makes_one),
		cmocka_unit_test(test_charged),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_slow_death),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_no_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
