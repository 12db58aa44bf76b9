namespace Engine.Shared.Linux;

/// <summary>sys/sysmacros.h: device numbers. The user-space encoding, which mknodat and st_rdev use.</summary>
public static class sysmacros_h
{
    public static ulong makedev(uint major, uint minor) =>
        ((major & 0xfffff000UL) << 32) | ((major & 0xfffUL) << 8) | ((minor & 0xffffff00UL) << 12) | (minor & 0xffUL);

    public static uint major(ulong dev) => (uint)(((dev >> 32) & 0xfffff000) | ((dev >> 8) & 0xfff));

    public static uint minor(ulong dev) => (uint)(((dev >> 12) & 0xffffff00) | (dev & 0xff));
}
