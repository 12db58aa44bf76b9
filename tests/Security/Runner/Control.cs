using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security.Runner;

/// <summary>What a proof must catch, or it proves nothing.</summary>
internal abstract record Control(string Name);

/// <summary>An older runtime of Debian's, which has the defect.</summary>
internal sealed record PeerControl(string Program) : Control(Program);

/// <summary>This engine with one mechanism taken out of the starter, in the named column.</summary>
internal sealed record FaultControl(Fault Fault, string Column) : Control("fault " + Fault.Name);

/// <summary>A made-up case in which the attack works: for proofs whose mechanism is not in the starter.</summary>
internal sealed record SampleControl(string What, Func<Scenario, string> Prove) : Control("sample: " + What);

/// <summary>Short names for entries.</summary>
internal static class Against
{
    public static Control Runc { get; } = new PeerControl("runc");

    public static Control Crun { get; } = new PeerControl("crun");

    public static Control Fault(string name, string column = "root") => new FaultControl(FaultTable.Get(name), column);

    public static Control Sample(string what, Func<Scenario, string> prove) => new SampleControl(what, prove);
}
