using Engine.Mounts;
using FsCheck;
using FsCheck.Fluent;
using static Engine.Shared.Linux.mount_h;

namespace Engine.Tests.Unit.Mounts;

/// <summary>From option words to bits.</summary>
public class MountOptionsTests
{
    // config.md, "Linux mount options".
    private const string Specification =
        "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion " +
        "nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec " +
        "rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared " +
        "rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup " +
        "unbindable idmap ridmap";

    [Fact]
    public void The_table_has_every_word_of_the_specification_and_no_other() =>
        Assert.Equal(Specification.Split(' ').Order(StringComparer.Ordinal), MountOptionTable.Names);

    [Theory]
    [InlineData("ro", MOUNT_ATTR_RDONLY, 0)]
    [InlineData("rw", 0, MOUNT_ATTR_RDONLY)]
    [InlineData("ro rw", 0, MOUNT_ATTR_RDONLY)]
    [InlineData("rw ro", MOUNT_ATTR_RDONLY, 0)]
    [InlineData("nosuid nodev noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0)]
    [InlineData("suid dev exec", 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)]
    [InlineData("nodiratime nosymfollow", MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW, 0)]
    [InlineData("diratime symfollow", 0, MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)]
    [InlineData("defaults async loud", 0, 0)]
    [InlineData("noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)]
    [InlineData("relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME)]
    [InlineData("strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)]
    [InlineData("noatime strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)]
    [InlineData("noatime relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME)]
    [InlineData("atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME)]
    [InlineData("noatime atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME)]
    [InlineData("strictatime atime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)]
    [InlineData("strictatime nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME)]
    [InlineData("norelatime", 0, 0)]
    [InlineData("relatime norelatime", 0, 0)]
    [InlineData("noatime norelatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME)]
    public void Attributes_and_their_recursive_twins(string words, int set, int clear)
    {
        var options = words.Split(' ');
        var top = MountOptions.Parse("bind", options);
        Assert.Equal(((ulong)set, (ulong)clear, 0UL, 0UL), (top.AttrSet, top.AttrClear, top.RecursiveSet, top.RecursiveClear));

        var twins = options.Select(o => "r" + o).Where(o => o is not ("rdefaults" or "rasync" or "rloud")).ToArray();
        var tree = MountOptions.Parse("bind", twins);
        Assert.Equal((0UL, 0UL, (ulong)set, (ulong)clear), (tree.AttrSet, tree.AttrClear, tree.RecursiveSet, tree.RecursiveClear));
        Assert.Empty(tree.Data);

        // A new mount is a tree of one.
        var fresh = MountOptions.Parse("tmpfs", twins);
        Assert.Equal(((ulong)set, (ulong)clear, 0UL, 0UL), (fresh.AttrSet, fresh.AttrClear, fresh.RecursiveSet, fresh.RecursiveClear));
    }

    [Theory]
    [InlineData("private", MS_PRIVATE)]
    [InlineData("rprivate", MS_PRIVATE | MS_REC)]
    [InlineData("shared", MS_SHARED)]
    [InlineData("rshared", MS_SHARED | MS_REC)]
    [InlineData("slave", MS_SLAVE)]
    [InlineData("rslave", MS_SLAVE | MS_REC)]
    [InlineData("unbindable", MS_UNBINDABLE)]
    [InlineData("runbindable", MS_UNBINDABLE | MS_REC)]
    [InlineData("rslave private", MS_PRIVATE)]
    public void Propagation(string words, int bits) => Assert.Equal((ulong)bits, MountOptions.Parse("bind", words.Split(' ')).Propagation);

    [Theory]
    [InlineData("tmpfs", "", MountKind.Filesystem, false)]
    [InlineData("bind", "", MountKind.Bind, false)]
    [InlineData("bind", "rbind", MountKind.Bind, true)]
    [InlineData("none", "bind", MountKind.Bind, false)]
    [InlineData(null, "rbind", MountKind.Bind, true)]
    [InlineData("tmpfs", "bind", MountKind.Bind, false)]
    [InlineData("none", "rslave", MountKind.Change, false)]
    [InlineData("", "", MountKind.Change, false)]
    [InlineData("bind", "bind remount ro", MountKind.Change, false)]
    [InlineData("tmpfs", "remount", MountKind.Change, false)]
    public void Kinds(string? type, string words, MountKind kind, bool recursive)
    {
        var parsed = MountOptions.Parse(type, words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((kind, recursive), (parsed.Kind, parsed.Recursive));
    }

    [Fact]
    public void Options_of_the_filesystem_keep_their_order_behind_the_superblocks()
    {
        var parsed = MountOptions.Parse("tmpfs", ["mode=755", "ro", "lazytime", "sync", "size=1k", "dirsync", "mand", "silent", "iversion", "inode64"]);
        Assert.Equal(["ro", "sync", "dirsync", "mand", "lazytime", "mode=755", "size=1k", "inode64"], parsed.FilesystemOptions);
        Assert.Equal(["mode=755", "size=1k", "inode64"], parsed.Data);
        Assert.Equal((ulong)(MS_RDONLY | MS_LAZYTIME | MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_SILENT | MS_I_VERSION), parsed.SuperblockSet);
    }

    [Fact]
    public void The_last_word_counts_for_the_superblock_too()
    {
        var parsed = MountOptions.Parse("tmpfs", ["ro", "rw", "sync", "async", "lazytime", "nolazytime", "mand", "nomand"]);
        Assert.Empty(parsed.FilesystemOptions);
        Assert.Equal((ulong)(MS_RDONLY | MS_SYNCHRONOUS | MS_LAZYTIME | MS_MANDLOCK), parsed.SuperblockClear);
    }

    [Fact]
    public void Recursive_read_only_is_of_the_mounts_alone() => Assert.Empty(MountOptions.Parse("tmpfs", ["rro"]).FilesystemOptions);

    [Fact]
    public void On_a_new_mount_the_word_for_it_alone_counts_before_the_word_for_the_tree()
    {
        var parsed = MountOptions.Parse("tmpfs", ["rw", "noatime", "rro", "rstrictatime", "rnosuid"]);
        Assert.Equal((ulong)(MOUNT_ATTR_NOATIME | MOUNT_ATTR_NOSUID), parsed.AttrSet);
        Assert.Equal((ulong)(MOUNT_ATTR__ATIME | MOUNT_ATTR_RDONLY), parsed.AttrClear);
    }

    [Fact]
    public void Copying_up_and_mapping_ids()
    {
        Assert.True(MountOptions.Parse("tmpfs", ["tmpcopyup"]).CopyUp);
        Assert.Equal(IdMapKind.Top, MountOptions.Parse("bind", ["idmap"]).IdMap);
        Assert.Equal(IdMapKind.Recursive, MountOptions.Parse("bind", ["ridmap"]).IdMap);
        Assert.Equal(IdMapKind.None, MountOptions.Parse("bind", ["bind"]).IdMap);
    }

    private static readonly Gen<string> Word = Gen.OneOf(
        Gen.Elements(MountOptionTable.Names.ToArray()),
        Gen.Elements("size=1k", "mode=755", "", "=", "RO", " ro", "rrro", "nosuid,nodev"),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(text => text.Get));

    [Fact]
    public void Whatever_the_words_the_result_holds_together() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Word.ArrayOf().ToArbitrary(), words =>
        {
            foreach (var type in new[] { "tmpfs", "bind", "none", null })
            {
                var parsed = MountOptions.Parse(type, words);
                // The kernel refuses a bit of access time to set without the whole field cleared, and part of it cleared.
                AssertAccessTime(parsed.AttrSet, parsed.AttrClear);
                AssertAccessTime(parsed.RecursiveSet, parsed.RecursiveClear);
                Assert.Equal(0UL, parsed.AttrSet & parsed.AttrClear & ~(ulong)MOUNT_ATTR__ATIME);
                Assert.Equal(0UL, parsed.SuperblockSet & parsed.SuperblockClear);
                Assert.Equal(words.Where(w => !MountOptionTable.Names.Contains(w)), parsed.Data);
            }
        }));

    [Fact]
    public void The_order_of_options_about_different_things_does_not_matter() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Shuffle(new[] { "ro", "nosuid", "noatime", "rnodev", "rslave", "sync", "rbind" }).ToArbitrary(), words =>
        {
            var parsed = MountOptions.Parse("none", words);
            Assert.Equal((ulong)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME), parsed.AttrSet);
            Assert.Equal(((ulong)MOUNT_ATTR_NODEV, (ulong)(MS_SLAVE | MS_REC)), (parsed.RecursiveSet, parsed.Propagation));
        }));

    private static void AssertAccessTime(ulong set, ulong clear)
    {
        Assert.True((clear & MOUNT_ATTR__ATIME) is 0 or MOUNT_ATTR__ATIME);
        Assert.True((clear & MOUNT_ATTR__ATIME) != 0 || (set & MOUNT_ATTR__ATIME) == 0);
        Assert.True((set & MOUNT_ATTR__ATIME) is MOUNT_ATTR_RELATIME or MOUNT_ATTR_NOATIME or MOUNT_ATTR_STRICTATIME);
    }
}
