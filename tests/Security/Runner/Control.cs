using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security.Runner;

/// <summary>What a proof must catch, or it proves nothing.</summary>
/// <param name="Name">As in the report and the document.</param>
/// <param name="Column">Name of the workflow in which it must.</param>
internal abstract record Control(string Name, string Column);

/// <summary>An older runtime of Debian's, which has the defect.</summary>
internal sealed record PeerControl(string Program) : Control(Program, "root");

/// <summary>This engine with one mechanism taken out of the starter, in the named column.</summary>
internal sealed record FaultControl(Fault Fault, string Column) : Control(Column == "root" ? $"fault {Fault.Name}" : $"fault {Fault.Name} in {Column}", Column);

/// <summary>A made-up case in which the attack works: for proofs whose mechanism is not in the starter.</summary>
internal sealed record SampleControl(string What, string Column, Func<Scenario, string> Prove) : Control("sample: " + What, Column);

/// <summary>Short names for entries.</summary>
internal static class Against
{
    public static Control Runc { get; } = new PeerControl("runc");

    public static Control Crun { get; } = new PeerControl("crun");

    public static Control Fault(string name, string column = "root") => new FaultControl(FaultTable.Get(name), column);

    public static Control Sample(string what, Func<Scenario, string> prove, string column = "root") => new SampleControl(what, column, prove);
}
