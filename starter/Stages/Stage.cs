using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>The stage this process is in, as <c>ps</c> and every error show it.</summary>
internal static unsafe class Stage
{
    /// <summary>Enters a stage. A fork inherits the old name and the old failure, so this is the first thing a new process does.</summary>
    public static void Enter(StageId stage)
    {
        Failure.Stage = stage;
        Failure.Clear();
        Sys.prctl(PR_SET_NAME, CString.Of(StageNames.Of(stage)));
    }
}
