"""The errors that each system call may plausibly fail with."""

_ERRORS = """

openat ENOENT EACCES EMFILE ENFILE ENOMEM EIO EINTR
read EIO EINTR ENOMEM ESRCH
pread64 EIO EINTR ENOMEM
readv EIO ENOMEM
getdents64 ENOMEM EIO ENOENT
readlink ENOENT EACCES ENOMEM ESRCH
readlinkat ENOENT EACCES ENOMEM ESRCH
newfstatat ENOENT EACCES ENOMEM EIO
fstat EIO ENOMEM
statx ENOENT EACCES ENOMEM EIO
lstat ENOENT EACCES ENOMEM EIO
stat ENOENT EACCES ENOMEM EIO
statfs ENOENT EACCES ENOMEM EIO ENOSYS
fstatfs EIO ENOMEM ENOSYS
access ENOENT EACCES ENOMEM
faccessat ENOENT EACCES ENOMEM
faccessat2 ENOENT EACCES ENOMEM ENOSYS
openat2 ENOENT EACCES EMFILE ENFILE ENOMEM EIO ENOSYS EXDEV EAGAIN
close EIO EINTR
socket EPERM EACCES EMFILE ENFILE ENOBUFS ENOMEM EAFNOSUPPORT EPROTONOSUPPORT
socketpair EMFILE ENFILE ENOMEM
connect EPERM ENOBUFS ECONNREFUSED
bind EPERM ENOMEM
listen EPERM EADDRINUSE
sendto ENOBUFS EPERM EINTR ENOMEM
sendmsg ENOBUFS EPERM EINTR ENOMEM
recvfrom ENOBUFS EPERM EINTR ENOMEM
recvmsg ENOBUFS EPERM EINTR ENOMEM
setsockopt EPERM ENOPROTOOPT ENOMEM
getsockopt EPERM ENOPROTOOPT ENOMEM
getsockname ENOBUFS
getpeername ENOBUFS
poll EINTR ENOMEM
ppoll EINTR ENOMEM
select EINTR ENOMEM
pselect6 EINTR ENOMEM
epoll_create1 EMFILE ENOMEM
epoll_wait EINTR
setns EPERM EINVAL ENOMEM
unshare EPERM ENOMEM ENOSPC
clone EAGAIN ENOMEM EPERM
clone3 EAGAIN ENOMEM EPERM
fork EAGAIN ENOMEM
vfork EAGAIN ENOMEM
wait4 EINTR ECHILD
waitid EINTR ECHILD
pipe EMFILE ENFILE
pipe2 EMFILE ENFILE
dup EMFILE
dup2 EMFILE
dup3 EMFILE
kill EPERM ESRCH
bpf EPERM ENOMEM EINVAL
pidfd_open EPERM ESRCH EMFILE ENOSYS
pidfd_getfd EPERM ESRCH EMFILE ENOSYS
pidfd_send_signal EPERM ESRCH ENOSYS
ioctl ENOTTY EPERM
fcntl EINVAL ENOMEM EMFILE
lseek ESPIPE EINVAL
mmap ENOMEM
uname EFAULT
sysinfo EFAULT
write EIO ENOSPC EPIPE EAGAIN EINTR
writev EIO ENOSPC EPIPE EAGAIN EINTR
getxattr EPERM ENODATA ENOMEM EOPNOTSUPP
fgetxattr EPERM ENODATA ENOMEM EOPNOTSUPP
prctl EPERM EINVAL
capget EPERM EINVAL
getcwd ENOENT ENOMEM
fchdir EACCES ENOENT EIO
chdir EACCES ENOENT EIO
getrandom ENOSYS EINTR
memfd_create EMFILE ENOMEM ENOSYS
sched_getaffinity EINVAL ENOSYS
prlimit64 EPERM EINVAL
getpriority EPERM
setpriority EPERM
setitimer EINVAL
timer_create EAGAIN ENOMEM
eventfd2 EMFILE ENOMEM
process_vm_readv EPERM ESRCH ENOMEM
"""
ERRORS = {line.split()[0]: tuple(line.split()[1:]) for line in _ERRORS.splitlines() if line}
"""By the name of the call."""

_RUNTIME = """
arch_prctl brk clock_gettime clock_nanosleep execve exit exit_group futex getegid geteuid getgid getpid getppid gettid getuid
getgroups madvise mprotect mremap munmap restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn sched_yield
set_robust_list set_tid_address sigaltstack tgkill
"""
RUNTIME = frozenset(_RUNTIME.split())
"""Calls of the interpreter and the C library themselves, or calls that cannot fail."""
