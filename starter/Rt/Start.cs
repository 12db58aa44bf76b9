using System.Runtime;
using System.Runtime.CompilerServices;

namespace Engine.Starter;

/// <summary>Process entry: what a C library's start files do for other programs, and no more.</summary>
internal static unsafe class Start
{
    private const long DT_RELA = 7, DT_RELASZ = 8;
    private const int PT_GNU_RELRO = 0x6474e552;

    private struct Rela
    {
        public ulong r_offset, r_info;
        public long r_addend;
    }

    private struct Phdr
    {
        public int p_type;
        public uint p_flags;
        public ulong p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
    }

    /// <summary>Called by _start. Never returns.</summary>
    /// <param name="stack">The kernel's initial stack: argc, argv, environment, auxiliary vector.</param>
    /// <param name="dynamic">The program's own dynamic section.</param>
    /// <param name="image">Where the kernel put the first byte of the file (a static PIE is linked at zero).</param>
    /// <param name="cookie">The stack cookie; lies in memory that becomes read-only below.</param>
    // The order is the point: no pointer in data is right before Relocate; no method that checks the stack cookie may be on the
    // stack while the cookie changes; and RELRO comes last because both write into it.
    [RuntimeExport("start_managed")]
    private static void Entry(ulong* stack, long* dynamic, byte* image, ulong* cookie)
    {
        Relocate(dynamic, image);

        int argc = (int)stack[0];
        byte** argv = (byte**)(stack + 1);
        byte** envp = argv + argc + 1;
        byte** end = envp;
        while (*end != null)
            end++;
        ulong* auxv = (ulong*)(end + 1);

        SeedCookie(auxv, cookie);
        ProtectRelocated(auxv, image);
        Sys.exit_group(Program.Run(argc, argv, envp, auxv));
    }

    /// <summary>The value of an entry of the auxiliary vector, 0 if it is not there.</summary>
    public static ulong Auxiliary(ulong* auxv, int type)
    {
        for (; auxv[0] != AT_NULL; auxv += 2)
            if (auxv[0] == (ulong)type)
                return auxv[1];
        return 0;
    }

    // There is no dynamic loader, and a static PIE has only relative relocations.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Relocate(long* dynamic, byte* image)
    {
        Rela* table = null;
        ulong size = 0;
        for (; dynamic[0] != 0; dynamic += 2)
        {
            if (dynamic[0] == DT_RELA)
                table = (Rela*)(image + dynamic[1]);
            else if (dynamic[0] == DT_RELASZ)
                size = (ulong)dynamic[1];
        }
        for (ulong i = 0; i < size / (ulong)sizeof(Rela); i++)
        {
            if ((uint)table[i].r_info != Machine.R_RELATIVE)
                Fatal.Die("fatal: relocation of an unexpected kind\n"u8);
            *(byte**)(image + table[i].r_offset) = image + table[i].r_addend;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SeedCookie(ulong* auxv, ulong* cookie)
    {
        ulong* random = (ulong*)Auxiliary(auxv, AT_RANDOM);
        if (random == null)
            Fatal.Die("fatal: no AT_RANDOM from the kernel\n"u8);
        // The lowest byte in memory stays zero: an overflowing string copy cannot reproduce it.
        *cookie = *random & ~0xffUL;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ProtectRelocated(ulong* auxv, byte* image)
    {
        Phdr* headers = (Phdr*)Auxiliary(auxv, AT_PHDR);
        ulong page = Auxiliary(auxv, AT_PAGESZ);
        for (ulong i = 0; i < Auxiliary(auxv, AT_PHNUM); i++)
        {
            if (headers[i].p_type != PT_GNU_RELRO)
                continue;
            ulong from = ((ulong)image + headers[i].p_vaddr) & ~(page - 1);
            ulong to = ((ulong)image + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);
            if (to > from && Sys.mprotect((void*)from, to - from, PROT_READ) != 0)
                Fatal.Die("fatal: cannot make relocated data read-only\n"u8);
        }
    }

    // ilc wants the program to have a managed entry; nothing ever calls it.
    private static void Main() { }
}
