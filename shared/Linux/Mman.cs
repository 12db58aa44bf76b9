namespace Engine.Shared.Linux;

/// <summary>sys/mman.h.</summary>
public static class mman_h
{
    public const int
        PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10,
        MAP_ANONYMOUS = 0x20, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_STACK = 0x20000, MAP_FIXED_NOREPLACE = 0x100000,
        MADV_DONTNEED = 4, MADV_WIPEONFORK = 0x12;
}

/// <summary>linux/keyctl.h: session keyrings.</summary>
public static class keyctl_h
{
    public const int
        KEYCTL_GET_KEYRING_ID = 0, KEYCTL_JOIN_SESSION_KEYRING = 1, KEYCTL_REVOKE = 3, KEYCTL_CHOWN = 4, KEYCTL_SETPERM = 5,
        KEYCTL_DESCRIBE = 6, KEY_SPEC_PROCESS_KEYRING = -2, KEY_SPEC_SESSION_KEYRING = -3, KEY_SPEC_USER_KEYRING = -4;
}

/// <summary>linux/auxvec.h: what the kernel tells a program about itself.</summary>
public static class auxvec_h
{
    public const int
        AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9, AT_UID = 11,
        AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33;
}
