using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Mounts that make no sense, each alone in a configuration that is fine.</summary>
public class MountChecksTests
{
    [Theory]
    [InlineData("/a", "tmpfs", null, "size=1m,nosuid")]
    [InlineData("/a", "bind", "/x", "")]
    [InlineData("/a", "tmpfs", "tmpfs", "tmpcopyup sync silent")]
    [InlineData("/a", "none", "/x", "rbind ro silent async rslave rslave")]
    [InlineData("/a", "overlay", "overlay", "lowerdir=/a:/b upperdir=/c workdir=/d")]
    [InlineData("/a", "none", null, "remount bind ro")]
    [InlineData("/a", null, null, "rshared")]
    [InlineData("/", "none", null, "remount ro")]
    [InlineData("/a", "tmpfs", null, "remount size=1")]
    [InlineData("/proc", "bind", "/proc", "rbind")]
    [InlineData("/proc/stat", "bind", "/x", "bind")]
    [InlineData("/proc/../a", "bind", "/x", "bind")]
    public void Accepted(string destination, string? type, string? source, string options) =>
        Assert.Empty(Errors(destination, type, source, options));

    [Theory]
    [InlineData("", "tmpfs", null, "", ".destination")]
    [InlineData("/", "tmpfs", null, "", ".destination")]
    [InlineData("/a/..", "tmpfs", null, "", ".destination")]
    [InlineData("/proc", "tmpfs", null, "", ".destination")]
    [InlineData("/proc/self", "tmpfs", null, "", ".destination")]
    [InlineData("/proc/sys/kernel/core_pattern", "bind", "/x", "bind", ".destination")]
    [InlineData("//proc/./sys", "proc", "proc", "", ".destination")]
    [InlineData("/a", "bind", null, "rbind", ".source")]
    [InlineData("/a", "bind", "", "", ".source")]
    [InlineData("/a", null, null, "", ".type")]
    [InlineData("/a", "none", "/x", "ro", ".type")]
    [InlineData("/a", "bind", "/x", "rbind size=1", ".options[1]")]
    [InlineData("/a", "bind", "/x", "rbind rrro", ".options[1]")]
    [InlineData("/a", "bind", "/x", "lazytime", ".options[0]")]
    [InlineData("/a", "ramfs", null, "tmpcopyup", ".options[0]")]
    [InlineData("/a", "bind", "/x", "bind tmpcopyup", ".options[1]")]
    [InlineData("/a", "bind", "/x", "bind shared rprivate", ".options[2]")]
    [InlineData("/a", "tmpfs", null, "=x", ".options[0]")]
    [InlineData("/a", null, null, "rshared size=1", ".options[1]")]
    [InlineData("/a", "tmpfs", null, "idmap", ".options")]
    public void Refused(string destination, string? type, string? source, string options, string where) =>
        Assert.Equal("mounts[8]" + where, Assert.Single(Errors(destination, type, source, options)));

    [Fact]
    public void An_option_is_no_longer_than_the_kernel_takes()
    {
        Assert.Empty(Errors("/a", "tmpfs", null, "k=" + new string('v', 255)));
        Assert.Equal("mounts[8].options[0]", Assert.Single(Errors("/a", "tmpfs", null, "k=" + new string('v', 256))));
        Assert.Equal("mounts[8].options", Assert.Single(Errors("/a", "tmpfs", null, string.Join(' ', Enumerable.Range(0, 65)))));
    }

    [Fact]
    public void An_empty_option_is_refused()
    {
        var spec = Documents.Runnable();
        spec.Mounts[4].Options = ["rbind", ""];
        Assert.Equal("mounts[4].options[1]", Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
    }

    [Fact]
    public void A_relative_destination_counts_from_the_root_and_is_warned_of()
    {
        var spec = Documents.Runnable();
        spec.Mounts[4].Destination = "data";
        var findings = Validator.Validate(spec, HostFacts.None);
        Assert.Empty(findings.Errors);
        Assert.Equal("mounts[4].destination", Assert.Single(findings.Warnings).JsonPath);
        // It means the same mount, so the same rules hold.
        spec.Mounts[4].Destination = "proc/sys";
        Assert.Equal("mounts[4].destination", Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
    }

    [Fact]
    public void The_very_same_mount_twice_is_refused_and_another_one_on_top_is_not()
    {
        var spec = Documents.Runnable();
        spec.Mounts = [.. spec.Mounts, spec.Mounts[6] with { Destination = "/tmp/" }];
        Assert.Equal("mounts[8]", Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
        spec.Mounts[8] = spec.Mounts[6] with { Options = ["size=1m"] };
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Fact]
    public void Mappings_come_in_pairs()
    {
        var spec = Documents.Runnable();
        spec.Mounts[4].UidMappings = [new() { ContainerId = 0, HostId = 1, Size = 1 }];
        Assert.Contains(Validator.Validate(spec, HostFacts.None).Errors, e => e.JsonPath == "mounts[4]");
    }

    private static IEnumerable<string> Errors(string destination, string? type, string? source, string options)
    {
        var spec = Documents.Runnable();
        var mount = new MountSpec
        {
            Destination = destination,
            Type = type,
            Source = source,
            Options = options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        };
        spec.Mounts = [.. spec.Mounts, mount];
        return Validator.Validate(spec, HostFacts.None).Errors.Select(e => e.JsonPath);
    }
}
