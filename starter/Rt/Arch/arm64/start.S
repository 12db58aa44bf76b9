// arm64: everything that C# cannot say. AAPCS64 throughout.

    .text

// The kernel enters here: sp points to argc, every other register is unspecified.
    .globl  _start
    .type   _start, %function
_start:
    mov     x29, #0                     // the outermost frame
    mov     x30, #0
    mov     x0, sp
    adrp    x1, _DYNAMIC
    add     x1, x1, :lo12:_DYNAMIC
    adrp    x2, __ehdr_start
    add     x2, x2, :lo12:__ehdr_start
    adrp    x3, __security_cookie
    add     x3, x3, :lo12:__security_cookie
    and     x4, x0, #-16
    mov     sp, x4
    bl      start_managed
    brk     #1
    .size   _start, . - _start

// long syscall6(long nr, long a, long b, long c, long d, long e, long f): the kernel's answer, -errno included.
// A fork-like clone returns through here in both processes, each on its own copy of the stack.
    .globl  syscall6
    .type   syscall6, %function
syscall6:
    mov     x8, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    mov     x4, x5
    mov     x5, x6
    svc     #0
    ret
    .size   syscall6, . - syscall6

// long clone_thread(struct clone_args *arguments, long size, void (*entry)(void)): clone3 with a stack in the arguments. The new thread has
// nothing on it to return to: it calls entry, which does not come back.
    .globl  clone_thread
    .type   clone_thread, %function
clone_thread:
    mov     x8, #435
    svc     #0
    cbnz    x0, 1f
    mov     x29, #0
    mov     x30, #0
    blr     x2
    brk     #1
1:  ret
    .size   clone_thread, . - clone_thread

// void rt_fatal(const char *message, long length): write(2, message, length); exit_group(255).
    .globl  rt_fatal
    .type   rt_fatal, %function
rt_fatal:
    mov     x2, x1
    mov     x1, x0
    mov     x0, #2
    mov     x8, #64
    svc     #0
    mov     x0, #255
    mov     x8, #94
    svc     #0
    brk     #1
    .size   rt_fatal, . - rt_fatal

// The runtime entries that compiled code may call around unmanaged transitions and loops. There is no collector to tell.
    .globl  RhpReversePInvoke, RhpReversePInvokeReturn, RhpPInvoke, RhpPInvokeReturn, RhpGcPoll
RhpReversePInvoke:
RhpReversePInvokeReturn:
RhpPInvoke:
RhpPInvokeReturn:
RhpGcPoll:
    ret

// What compiled loops would test before they call RhpGcPoll: always "no".
    .section .rodata
    .balign 8
    .globl  RhpTrapThreads
RhpTrapThreads:
    .quad   0

// Written once by start-up, read-only from then on (RELRO).
    .section .data.rel.ro, "aw"
    .balign 8
    .globl  __security_cookie
__security_cookie:
    .quad   0

    .section .note.GNU-stack, "", %progbits
