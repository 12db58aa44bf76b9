using System.Text;
using Engine.Diagnostics;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Spec;

/// <summary>--user, and the account files of a container that may be hostile.</summary>
public class UserLookupTests
{
    private const string Passwd = """
        root:x:0:0:root:/root:/bin/sh
        1000:x:0:0:a name like a number:/evil:/bin/sh
        alice:x:1000:1001:Alice:/home/alice:/bin/sh
        alice:x:0:0:second line does not count:/root:/bin/sh
        short:x:0
        many:x:0:0:a:b:c:d
        negative:x:-1:0::/:
        plus:x:+5:5::/:
        huge:x:4294967296:0::/:
        last:x:4294967295:0::/:
        octal:x:010:0::/:
        nohome:x:2000:2000:::
        relhome:x:2001:2001::home:
        tabhome:x:2002:2002::/a	b:
        :x:0:0:nameless:/:
        """;

    private const string Group = """
        root:x:0:
        staff:x:1001:
        wheel:x:10:root,alice
        video:x:20:alice
        video:x:21:alice
        again:x:20:alice
        alicia:x:30:alicea,malice,al
        bad:x:1x:alice
        """;

    private static ResolvedUser Resolve(string text) =>
        UserLookup.Resolve(UserLookup.Parse(text), Encoding.UTF8.GetBytes(Passwd), Encoding.UTF8.GetBytes(Group));

    [Theory]
    [InlineData("0", 0u, null)]
    [InlineData("1", 1u, null)]
    [InlineData("1000", 1000u, null)]
    [InlineData("1:2", 1u, 2u)]
    [InlineData("1000:staff", 1000u, 1001u)]
    [InlineData("2147483647", 2147483647u, null)]
    [InlineData("2147483648", 2147483648u, null)]
    [InlineData("4294967294:4294967294", 4294967294u, 4294967294u)]
    [InlineData("alice", 1000u, 1001u)]
    [InlineData("alice:0", 1000u, 0u)]
    [InlineData("alice:wheel", 1000u, 10u)]
    public void Forms_that_name_a_user(string text, uint uid, uint? gid)
    {
        var user = Resolve(text);
        Assert.Equal(uid, user.Uid);
        Assert.Equal(gid, user.Gid);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":2")]
    [InlineData("1:")]
    [InlineData("1:2:3")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("0x1")]
    [InlineData("1a")]
    [InlineData("1:0x1")]
    [InlineData("4294967295")]
    [InlineData("1:4294967295")]
    [InlineData("4294967296")]
    [InlineData("18446744073709551616")]
    [InlineData("١")]
    [InlineData("al ice")]
    [InlineData("alice\n")]
    public void Forms_that_do_not(string text)
    {
        var refused = Assert.Throws<UsageException>(() => UserLookup.Parse(text));
        Assert.Equal(ExitCode.Usage, refused.ExitCode);
        Assert.DoesNotContain(refused.Message, char.IsControl);
    }

    [Theory]
    [InlineData("bob")]
    [InlineData("alice:bob")]
    [InlineData("1:bad")]
    [InlineData("short")]
    [InlineData("many")]
    [InlineData("negative")]
    [InlineData("plus")]
    [InlineData("huge")]
    [InlineData("last")]
    [InlineData("octal")]
    public void Names_that_nobody_has(string text) =>
        Assert.StartsWith("unknown ", Assert.Throws<EngineException>(() => Resolve(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_number_consults_no_file()
    {
        Assert.False(UserLookup.Parse("1000").NeedsPasswd);
        Assert.False(UserLookup.Parse("1000:5").NeedsGroup);
        Assert.True(UserLookup.Parse("1000:staff").NeedsGroup);
        Assert.Null(Resolve("1000").Groups);
    }

    [Fact]
    public void Memberships_are_the_groups_that_list_exactly_this_name()
    {
        Assert.Equal([10u, 20u, 21u], Resolve("alice").Groups!);
        Assert.Equal([10u], Resolve("root:staff").Groups!);
    }

    [Theory]
    [InlineData(0u, "/root")]
    [InlineData(1000u, "/home/alice")]
    [InlineData(2000u, null)]
    [InlineData(2001u, null)]
    [InlineData(2002u, null)]
    [InlineData(77u, null)]
    public void Homes(uint uid, string? home) => Assert.Equal(home, UserLookup.Home(uid, Encoding.UTF8.GetBytes(Passwd)));

    [Fact]
    public void A_file_beyond_the_limit_counts_as_empty()
    {
        var large = new byte[UserLookup.MaxFileBytes + 1];
        "root:x:0:0:root:/root:/bin/sh\n"u8.CopyTo(large);
        Assert.Null(UserLookup.Home(0, large));
        Assert.Equal("/root", UserLookup.Home(0, large.AsSpan(..100)));
    }

    [Fact]
    public void Random_account_files_break_nothing() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[], uint>((file, uid) =>
        {
            AccountFile.User(file, "a");
            AccountFile.Group(file, "a");
            AccountFile.GroupsOf(file, "a", 3);
            return UserLookup.Home(uid, file) is null or ['/', ..];
        }));

    [Fact]
    public void Any_text_is_a_user_or_a_usage_error() =>
        Check.QuickThrowOnFailure(Prop.ForAll<string>(text =>
        {
            try
            {
                var user = UserLookup.Parse(text ?? "");
                return user.Uid is not null ^ user.UserName is not null;
            }
            catch (UsageException)
            {
                return true;
            }
        }));
}
