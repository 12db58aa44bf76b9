using Engine.Cgroups;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Schemata of a group. No machine of ours has resctrl: a plain file stands for the kernel's.</summary>
public sealed class ResctrlSchemataTests : IDisposable
{
    private readonly string _group = Directory.CreateTempSubdirectory("resctrl").FullName;

    [Fact]
    public void Each_line_is_written_with_its_newline()
    {
        var file = Path.Combine(_group, "schemata");
        File.WriteAllText(file, "");
        Resctrl.SetSchemata(_group, ["MB:0=20"]);
        Assert.Equal("MB:0=20\n", File.ReadAllText(file));
    }

    [Fact]
    public void A_group_without_schemata_is_named()
    {
        var failure = Assert.Throws<CgroupException>(() => Resctrl.SetSchemata(_group, ["L3:0=f"]));
        Assert.Contains("L3:0=f", failure.Message, StringComparison.Ordinal);
        Assert.Contains(_group, failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_group, recursive: true);
}
