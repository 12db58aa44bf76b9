namespace Engine.Shared.Linux;

/// <summary>asm/ioctls.h and asm/termbits.h (the same on x86-64 and arm64).</summary>
public static class termios_h
{
    public const int
        TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e,
        TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCSTI = 0x5412, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, FIONREAD = 0x541b,
        TIOCCONS = 0x541d, FIONBIO = 0x5421, TIOCNOTTY = 0x5422, TIOCGSID = 0x5429;
    public const uint TIOCGPTN = 0x80045430;
    public const int TIOCSPTLCK = 0x40045431;
    public const uint TIOCGPTLCK = 0x80045439;
    public const int TIOCGPTPEER = 0x5441;
    public const int
        IGNBRK = 1, BRKINT = 2, IGNPAR = 4, PARMRK = 8, INPCK = 0x10, ISTRIP = 0x20, INLCR = 0x40, IGNCR = 0x80, ICRNL = 0x100,
        IXON = 0x400, IXANY = 0x800, IXOFF = 0x1000, IUTF8 = 0x4000, OPOST = 1, ONLCR = 4, OCRNL = 8, CSIZE = 0x30, CS8 = 0x30,
        PARENB = 0x100, ISIG = 1, ICANON = 2, ECHO = 8, ECHOE = 0x10, ECHOK = 0x20, ECHONL = 0x40, NOFLSH = 0x80, IEXTEN = 0x8000;
    public const int
        VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSTART = 8, VSTOP = 9, VSUSP = 10, TCSANOW = 0,
        TCSADRAIN = 1, TCSAFLUSH = 2;
}

/// <summary>linux/nsfs.h: questions to a namespace descriptor.</summary>
public static class nsfs_h
{
    public const int NS_GET_USERNS = 0xb701, NS_GET_PARENT = 0xb702, NS_GET_NSTYPE = 0xb703, NS_GET_OWNER_UID = 0xb704;
}

/// <summary>linux/loop.h and linux/fs.h: block devices and file flags.</summary>
public static class fs_h
{
    public const int
        LOOP_SET_FD = 0x4c00, LOOP_CLR_FD = 0x4c01, LOOP_CONFIGURE = 0x4c0a, LOOP_CTL_GET_FREE = 0x4c82, LO_FLAGS_READ_ONLY = 1,
        LO_FLAGS_AUTOCLEAR = 4, FICLONE = 0x40049409;
    public const uint BLKGETSIZE64 = 0x80081272, FS_IOC_GETFLAGS = 0x80086601;
    public const int FS_IOC_SETFLAGS = 0x40086602, FS_IMMUTABLE_FL = 0x10;
}

/// <summary>The kernel's struct termios (TCGETS), shorter than the C library's.</summary>
public unsafe struct termios
{
    public uint c_iflag, c_oflag, c_cflag, c_lflag;
    public byte c_line;
    public fixed byte c_cc[19];
}

public struct winsize
{
    public ushort ws_row, ws_col, ws_xpixel, ws_ypixel;
}
