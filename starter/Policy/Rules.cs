using Engine.Shared.Policy;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Policy;

/// <summary>How a rule says no, and whether rules are asked at all.</summary>
internal static unsafe class Rules
{
    private const int OperationBytes = 64;

    /// <summary>The caller is an ordinary user behind the set-uid bit: every request is asked about before anything is done.</summary>
    public static bool Apply => Supervisor.Facts.Workflow == Workflow.Setuid;

    /// <summary>Always false, with the rule's name and reason as the failure.</summary>
    public static bool Deny(PolicyRule rule, Text what = default)
    {
        byte* buffer = stackalloc byte[OperationBytes];
        TextBuilder operation = new TextBuilder(buffer, OperationBytes);
        operation.Append("policy: "u8);
        operation.Append(PolicyTable.Name(rule));
        Failure.Call(operation.Span, what, EPERM);
        return Failure.Explain(PolicyTable.Reason(rule));
    }
}
