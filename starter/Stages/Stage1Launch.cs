// Process:      the starter, scrubbed
// Ids:          as stage 0
// Capabilities: as stage 0
// Namespaces:   the caller's
// Trusts:       the launch record as far as its workflow goes: root's word (root), an attacker's (set-uid)
// Gives up:     create: the caller's stdio, session and terminal; in the runtime flavour the stdio goes to the payload

using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Starter.Exec;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Supervisor;

namespace Engine.Starter.Stages;

/// <summary>Reads the launch record, checks that both programs are of one build, and becomes what the record asks for.</summary>
internal static unsafe class Stage1Launch
{
    /// <summary>Runs everything; the result is the exit status.</summary>
    public static int Run(Workflow workflow)
    {
        Stage.Enter(StageId.Launch);
        if (!LaunchRecord.Receive())
        {
            LaunchReply.Failed();
            return 255;
        }

        switch ((LaunchMode)LaunchRecord.Launch.Mode)
        {
            case LaunchMode.Runtime when Rules.Apply:
            case LaunchMode.Mounts when Rules.Apply:
                Rules.Deny(PolicyRule.LaunchRuntime);
                LaunchReply.Failed();
                return 255;
            case LaunchMode.Exec:
            case LaunchMode.Mounts:
                return ExecStage.Run(workflow);
            case LaunchMode.Create:
            case LaunchMode.Runtime:
                return Stage2Supervisor.Run(workflow);
            default:
                Failure.Refuse("launch"u8, "an unknown mode"u8);
                LaunchReply.Failed();
                return 255;
        }
    }
}
