// The machine this compilation is for: system call numbers (SYS_*), open flags and layouts of arm64, under their plain names everywhere.
global using static Engine.Shared.Linux.Arm64.SyscallNumbers;
global using static Engine.Shared.Linux.Arm64.arch_fcntl_h;
global using static Engine.Shared.Linux.Arm64.machine_h;
global using epoll_event = Engine.Shared.Linux.Arm64.epoll_event;
global using stat = Engine.Shared.Linux.Arm64.stat;
