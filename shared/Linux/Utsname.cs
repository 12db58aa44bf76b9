namespace Engine.Shared.Linux;

/// <summary>linux/utsname.h: result of uname, each member zero-terminated.</summary>
public unsafe struct new_utsname
{
    public fixed byte sysname[65];
    public fixed byte nodename[65];
    public fixed byte release[65];
    public fixed byte version[65];
    public fixed byte machine[65];
    public fixed byte domainname[65];
}
