using Engine.Rpc.Client;
using Engine.Spec;
using ContainerStatus = Engine.State.ContainerStatus;

namespace Engine.Lifecycle;

/// <summary>Hooks (runtime.md, Lifecycle; config.md, POSIX-platform Hooks): which list, where, when, with which status.</summary>
public static class HookSteps
{
    /// <summary>A hook as the servers take it.</summary>
    public static HookCall Call(HookSpec hook, string status) =>
        new(hook.Path, hook.Args, hook.Env, checked((uint)Math.Min((hook.Timeout ?? 0) * 1000, uint.MaxValue)), status);

    internal static void AddBeforeRoot(CreationPlan plan, PlanInput input)
    {
        HooksSpec hooks = input.Config.Hooks ?? new HooksSpec();
        AddHost(plan, hooks.Prestart, "hooks.prestart");
        AddHost(plan, hooks.CreateRuntime, "hooks.createRuntime");
        for (int i = 0; i < hooks.CreateContainer.Length; i++)
        {
            HookSpec hook = hooks.CreateContainer[i];
            string jsonPath = $"hooks.createContainer[{i}]";
            // One that fails is the last one: none may be sent before its answer.
            plan.Barrier(
                PlanServer.Container, "RunHook", hook.Path, jsonPath,
                clients => clients.Container.RunHook(Call(hook, ContainerStatus.Creating), jsonPath).Wait());
        }
    }

    internal static void AddAtStart(CreationPlan plan, PlanInput input)
    {
        HookSpec[] hooks = input.Config.Hooks?.StartContainer ?? [];
        for (int i = 0; i < hooks.Length; i++)
        {
            HookSpec hook = hooks[i];
            string jsonPath = $"hooks.startContainer[{i}]";
            plan.Container("AddStartHook", hook.Path, jsonPath, stage => stage.AddStartHook(Call(hook, ContainerStatus.Created), jsonPath));
        }
    }

    private static void AddHost(CreationPlan plan, HookSpec[] hooks, string list)
    {
        for (int i = 0; i < hooks.Length; i++)
        {
            HookSpec hook = hooks[i];
            string jsonPath = $"{list}[{i}]";
            plan.Barrier(
                Lifecycle.PlanServer.Host, "RunHook", hook.Path, jsonPath,
                clients => clients.Host.RunHook(Call(hook, ContainerStatus.Creating), jsonPath));
        }
    }
}
