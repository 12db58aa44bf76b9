namespace Engine.Tests.Unit;

/// <summary>What the build promises about the assemblies.</summary>
public class PackagingTests
{
    [Fact]
    public void The_rpc_library_brings_no_package()
    {
        var foreign = System.Reflection.Assembly.Load("Engine.Rpc").GetReferencedAssemblies()
            .Where(a => !a.Name!.StartsWith("System", StringComparison.Ordinal) && a.Name != "netstandard")
            .Select(a => a.Name);
        Assert.Empty(foreign);
    }
}
