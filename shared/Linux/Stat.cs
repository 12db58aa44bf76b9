namespace Engine.Shared.Linux;

/// <summary>linux/stat.h: file types, permission bits, statx. struct stat differs per machine: Layout.*.cs.</summary>
public static class stat_h
{
    public const int
        S_IFMT = 0xf000, S_IFSOCK = 0xc000, S_IFLNK = 0xa000, S_IFREG = 0x8000, S_IFBLK = 0x6000, S_IFDIR = 0x4000, S_IFCHR = 0x2000,
        S_IFIFO = 0x1000, S_ISUID = 0x800, S_ISGID = 0x400, S_ISVTX = 0x200, S_IRWXU = 0x1c0, S_IRUSR = 0x100, S_IWUSR = 0x80,
        S_IXUSR = 0x40, S_IRWXG = 0x38, S_IRGRP = 0x20, S_IWGRP = 0x10, S_IXGRP = 8, S_IRWXO = 7, S_IROTH = 4, S_IWOTH = 2, S_IXOTH = 1;
    public const int
        STATX_TYPE = 1, STATX_MODE = 2, STATX_NLINK = 4, STATX_UID = 8, STATX_GID = 0x10, STATX_ATIME = 0x20, STATX_MTIME = 0x40,
        STATX_CTIME = 0x80, STATX_INO = 0x100, STATX_SIZE = 0x200, STATX_BLOCKS = 0x400, STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800,
        STATX_MNT_ID = 0x1000, STATX_DIOALIGN = 0x2000, STATX_MNT_ID_UNIQUE = 0x4000, STATX_SUBVOL = 0x8000;
    public const int
        STATX_ATTR_COMPRESSED = 4, STATX_ATTR_IMMUTABLE = 0x10, STATX_ATTR_APPEND = 0x20, STATX_ATTR_NODUMP = 0x40,
        STATX_ATTR_ENCRYPTED = 0x800, STATX_ATTR_AUTOMOUNT = 0x1000, STATX_ATTR_MOUNT_ROOT = 0x2000, STATX_ATTR_VERITY = 0x100000,
        STATX_ATTR_DAX = 0x200000;
}

/// <summary>statfs: f_flags and the file system magic numbers of linux/magic.h.</summary>
public static class statfs_h
{
    public const int
        ST_RDONLY = 1, ST_NOSUID = 2, ST_NODEV = 4, ST_NOEXEC = 8, ST_SYNCHRONOUS = 0x10, ST_MANDLOCK = 0x40, ST_NOATIME = 0x400,
        ST_NODIRATIME = 0x800, ST_RELATIME = 0x1000, ST_NOSYMFOLLOW = 0x2000;
    public const int PROC_SUPER_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572, TMPFS_MAGIC = 0x1021994;
    public const uint RAMFS_MAGIC = 0x858458f6;
    public const int
        DEVPTS_SUPER_MAGIC = 0x1cd1, CGROUP_SUPER_MAGIC = 0x27e0eb, CGROUP2_SUPER_MAGIC = 0x63677270, NSFS_MAGIC = 0x6e736673,
        OVERLAYFS_SUPER_MAGIC = 0x794c7630, SECURITYFS_MAGIC = 0x73636673;
    public const uint SELINUX_MAGIC = 0xf97cff8c;
    public const int DEBUGFS_MAGIC = 0x64626720, TRACEFS_MAGIC = 0x74726163;
    public const uint BPF_FS_MAGIC = 0xcafe4a11;
    public const int BINFMTFS_MAGIC = 0x42494e4d, RDTGROUP_SUPER_MAGIC = 0x7655821;
    public const uint HUGETLBFS_MAGIC = 0x958458f6;
    public const int
        PIPEFS_MAGIC = 0x50495045, SOCKFS_MAGIC = 0x534f434b, ANON_INODE_FS_MAGIC = 0x9041934, EXT4_SUPER_MAGIC = 0xef53,
        XFS_SUPER_MAGIC = 0x58465342;
    public const uint BTRFS_SUPER_MAGIC = 0x9123683e;
    public const int
        SQUASHFS_MAGIC = 0x73717368, NFS_SUPER_MAGIC = 0x6969, FUSE_SUPER_MAGIC = 0x65735546, MQUEUE_MAGIC = 0x19800202,
        PID_FS_MAGIC = 0x50494446;
}

/// <summary>A time stamp of statx.</summary>
public struct statx_timestamp
{
    public long tv_sec;
    public uint tv_nsec;
    public int __reserved;
}

/// <summary>Result of statx; the same on every machine. Only fields whose bit is in stx_mask are valid.</summary>
public unsafe struct statx
{
    public uint stx_mask, stx_blksize;
    public ulong stx_attributes;
    public uint stx_nlink, stx_uid, stx_gid;
    public ushort stx_mode, __spare0;
    public ulong stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    public statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    public uint stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    public ulong stx_mnt_id;
    public uint stx_dio_mem_align, stx_dio_offset_align;
    public fixed ulong __spare3[12];
}

/// <summary>Result of statfs on 64-bit machines.</summary>
public unsafe struct statfs
{
    public long f_type, f_bsize;
    public ulong f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    public fixed int f_fsid[2];
    public long f_namelen, f_frsize, f_flags;
    public fixed long f_spare[4];
}
