// The machine this compilation is for: system call numbers (SYS_*), open flags and layouts of x64, under their plain names everywhere.
global using static Engine.Shared.Linux.X64.SyscallNumbers;
global using static Engine.Shared.Linux.X64.arch_fcntl_h;
global using static Engine.Shared.Linux.X64.machine_h;
global using epoll_event = Engine.Shared.Linux.X64.epoll_event;
global using stat = Engine.Shared.Linux.X64.stat;
