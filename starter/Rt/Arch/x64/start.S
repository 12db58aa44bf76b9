// x86-64: everything that C# cannot say. System V calling convention throughout.

    .text

// The kernel enters here: rsp points to argc, every other register is unspecified.
    .globl  _start
    .type   _start, @function
_start:
    xor     %ebp, %ebp                  // the outermost frame
    mov     %rsp, %rdi
    lea     _DYNAMIC(%rip), %rsi
    lea     __ehdr_start(%rip), %rdx
    lea     __security_cookie(%rip), %rcx
    and     $-16, %rsp
    call    start_managed
    ud2
    .size   _start, . - _start

// long syscall6(long nr, long a, long b, long c, long d, long e, long f): the kernel's answer, -errno included.
// A fork-like clone returns through here in both processes, each on its own copy of the stack.
    .globl  syscall6
    .type   syscall6, @function
syscall6:
    mov     %rdi, %rax
    mov     %rsi, %rdi
    mov     %rdx, %rsi
    mov     %rcx, %rdx
    mov     %r8, %r10
    mov     %r9, %r8
    mov     8(%rsp), %r9
    syscall
    ret
    .size   syscall6, . - syscall6

// long clone_thread(struct clone_args *arguments, long size, void (*entry)(void)): clone3 with a stack in the arguments. The new thread has
// nothing on it to return to: it calls entry, which does not come back.
    .globl  clone_thread
    .type   clone_thread, @function
clone_thread:
    mov     $435, %eax
    syscall
    test    %rax, %rax
    jnz     1f
    xor     %ebp, %ebp
    call    *%rdx
    ud2
1:  ret
    .size   clone_thread, . - clone_thread

// void rt_fatal(const char *message, long length): write(2, message, length); exit_group(255).
    .globl  rt_fatal
    .type   rt_fatal, @function
rt_fatal:
    mov     %rsi, %rdx
    mov     %rdi, %rsi
    mov     $2, %edi
    mov     $1, %eax
    syscall
    mov     $255, %edi
    mov     $231, %eax
    syscall
    ud2
    .size   rt_fatal, . - rt_fatal

// The runtime entries that compiled code may call around unmanaged transitions and loops. There is no collector to tell.
    .globl  RhpReversePInvoke, RhpReversePInvokeReturn, RhpPInvoke, RhpPInvokeReturn, RhpGcPoll
RhpReversePInvoke:
RhpReversePInvokeReturn:
RhpPInvoke:
RhpPInvokeReturn:
RhpGcPoll:
    ret

// Called in the prologue of a frame of several pages: r11 is its lowest address. Touches every page on the way, so that a frame cannot step
// over the guard below the stack; every register is kept. (On arm64 the code generator does this in line.)
    .globl  RhpStackProbe
    .type   RhpStackProbe, @function
RhpStackProbe:
    push    %rax
    mov     %rsp, %rax
    and     $-4096, %rax
1:  sub     $4096, %rax
    test    %eax, (%rax)
    cmp     %r11, %rax
    ja      1b
    pop     %rax
    ret
    .size   RhpStackProbe, . - RhpStackProbe

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

    .section .note.GNU-stack, "", @progbits
