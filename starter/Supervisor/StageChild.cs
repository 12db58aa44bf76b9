using Engine.Shared.Protocol;
using Engine.Starter.Container;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The first steps of a new container stage, between clone3 and the stage itself: everything of the supervisor's that it must not have.
/// </summary>
internal static unsafe class StageChild
{
    /// <summary>Never returns. <paramref name="rpc"/> and <paramref name="link"/> are the child's ends.</summary>
    public static void Run(ref Spawn request, ulong joined, int rpc, int link)
    {
        Stage.Enter(StageId.Container);

        // A stage whose supervisor is gone would wait for nobody. Cleared before execve: the payload outlives us both.
        Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);

        int* wanted = stackalloc int[StageContext.Descriptors + Limits.Preserved];
        wanted[0] = rpc;
        wanted[1] = link;
        PayloadStreams.ChildEnds(wanted + 2);
        wanted[StageContext.StartListener - StageContext.Rpc] = LaunchRecord.Get(LaunchDescriptor.StartListener);
        PreservedFiles.AppendTo(wanted, StageContext.Descriptors);
        PreservedFiles.ArrangedAt(StageContext.Rpc + StageContext.Descriptors);
        if (!DescriptorPlan.Arrange(StageContext.Rpc, wanted, StageContext.Descriptors + PreservedFiles.Count, true))
        {
            StageLink.SendFailure(wanted[1], StageNoteKind.Failed);
            Sys.exit_group(255);
        }

        StageContext context = default;
        context.Workflow = Facts.Workflow;
        context.Monitored = Facts.Monitored;
        context.NewNamespaces = request.Namespaces;
        context.JoinedNamespaces = joined & NamespaceTable.Foreign;
        context.Terminal = ((SpawnFlags)request.Flags & SpawnFlags.Terminal) != 0;
        context.LoopbackUp = ((SpawnFlags)request.Flags & SpawnFlags.LoopbackUp) != 0;
        ContainerStage.Run(ref context);
        Sys.exit_group(255);
    }
}
