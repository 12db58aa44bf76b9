using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Setuid;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// The master's first task: read the order and the config, plan, run the plan over both connections, answer the CLI.
/// Runs unprivileged; whatever it asks for, the starter decides. Nothing that serving needs later is loaded before the
/// answer is sent.
/// </summary>
public static class CreateContainer
{
    /// <summary>Creates the container. Takes over the container connection and the request socket; the host connection stays the caller's.</summary>
    /// <returns>The open config, the caller's, when the container is created and there is something to serve; null otherwise.</returns>
    public static SafeFd? Run(SupervisorClient host, FdChannel container, FdChannel request)
    {
        SafeFd? config = null;
        CreateAnswer answer;
        SafeFd? trace = null;
        try
        {
            CreateOrder order = ReceiveOrder(request, out config, out trace);
            answer = Create(host, container, order, Files.ReadAll(config, "config.json", ConfigLoader.MaxBytes), trace);
        }
        catch (Exception error)
        {
            answer = Failed(error);
            TryAbort(host);
        }

        trace?.Dispose();
        try
        {
            request.Send(OrderJson.Write(answer));
        }
        catch (SyscallException)
        {
            // The CLI is gone; the supervisor has seen it too and decides what becomes of the container.
        }

        request.Dispose();
        if (answer.Pid != 0)
        {
            return config;
        }

        config?.Dispose();
        return null;
    }

    private static CreateAnswer Create(SupervisorClient host, FdChannel container, CreateOrder order, byte[] config, SafeFd? traceFile)
    {
        var warnings = new List<string>();
        CreationClients clients = Drive(host, container, traceFile, () => Plan(order, config, warnings));
        return new CreateAnswer { Pid = clients.Pid, Warnings = [.. warnings] };
    }

    /// <summary>
    /// Makes the plan while the supervisor starts, and runs it over both connections. Takes the container connection over; the host
    /// connection stays the caller's.
    /// </summary>
    /// <exception cref="RpcException">The first step that failed.</exception>
    internal static CreationClients Drive(SupervisorClient host, FdChannel container, SafeFd? traceFile, Func<CreationPlan> makePlan)
    {
        using var stage = new ContainerClient(container);
        RpcTrace? trace = traceFile is null ? null : new RpcTrace();
        host.Connection.Trace = trace;
        stage.Connection.Trace = trace;
        try
        {
            // The supervisor answers while the config is parsed.
            host.Hello();
            CreationPlan plan;
            using (trace?.Phase("plan"))
            {
                plan = makePlan();
            }

            var clients = new CreationClients(host, stage);
            plan.Run(clients);
            return clients;
        }
        finally
        {
            host.Connection.Trace = null;
            if (trace is not null)
            {
                Files.WriteAll(traceFile!, trace.ToJson(), "trace");
            }
        }
    }

    /// <summary>Loads, validates and plans; also what <c>--plan</c> does, in the CLI and without doing anything.</summary>
    /// <param name="order">What is to be created.</param>
    /// <param name="config">The bytes of config.json.</param>
    /// <param name="warnings">Gets what is no error.</param>
    /// <param name="amend">What the caller adds to the configuration before it is planned.</param>
    public static CreationPlan Plan(CreateOrder order, byte[] config, List<string> warnings, Action<RuntimeSpec>? amend = null)
    {
        RuntimeSpec spec = ConfigLoader.LoadRunnable(
            config, "config.json", HostNamespaces.Facts, out IReadOnlyList<ConfigError> remarks);
        warnings.AddRange(remarks.Select(remark => $"config.json: {remark.JsonPath}: {remark.Message}"));
        amend?.Invoke(spec);
        if (order.Rootless is { } rootless)
        {
            RootlessConfig.Adapt(spec, rootless);
        }

        CgroupLayout machine = CgroupLayout.Read();
        CgroupLayout layout = machine;
        string root = "/";
        if (order.Workflow == WorkflowChoice.NameOf(Workflow.Setuid))
        {
            layout = SetuidConfig.Adapt(spec, order.Bundle, order.Id, machine, warnings, out root);
        }
        else if (order.Rootless is not null || Identity.IsInUserNamespace)
        {
            layout = InsideUserNamespace.Adapt(spec, order, machine, warnings, out root);
        }

        if (order.NoCgroup)
        {
            layout = layout.Only(_ => false);
            if (spec.Linux?.Resources is { } resources)
            {
                resources.Devices = [];
            }
        }

        return CreationPlanBuilder.Build(new PlanInput(spec, order, layout, machine, root), warnings);
    }

    private static CreateOrder ReceiveOrder(FdChannel request, out SafeFd config, out SafeFd? trace)
    {
        using var message = new ReceivedMessage();
        trace = null;
        if (request.Receive(message) != ReceiveStatus.Received || message.DescriptorCount < 1)
        {
            throw new EngineException("no order came");
        }

        CreateOrder order = OrderJson.ReadOrder(message.Bytes);
        config = message.Take(0);
        trace = order.Trace && message.DescriptorCount > 1 ? message.Take(1) : null;
        return order;
    }

    private static CreateAnswer Failed(Exception error) => error switch
    {
        ConfigException config => new CreateAnswer { Errors = [.. config.Lines], ExitCode = config.ExitCode },
        EngineException own => new CreateAnswer { Errors = [own.Message], ExitCode = own.ExitCode },
        RpcException rpc => new CreateAnswer { Errors = [Advice.Add(rpc)], ExitCode = ExitCode.Failure, PayloadCode = PayloadCode(rpc.Operation, rpc.Errno), HookFailed = IsHook(rpc) },
        PeerLostException or MessageException or SyscallException => new CreateAnswer { Errors = [error.Message], ExitCode = ExitCode.Failure },
        _ => new CreateAnswer { Errors = [$"unexpected failure of the master: {error.GetType().Name}: {error.Message}"], ExitCode = ExitCode.Failure },
    };

    /// <summary>True for the failure of a hook, not of the request to run it.</summary>
    internal static bool IsHook(RpcException error) => error.Method == "RunHook";

    /// <summary>127 or 126 when the failure is that there is no such program to execute, or that it is none; else 0.</summary>
    internal static int PayloadCode(string operation, int errno) => (operation, errno) switch
    {
        ("execve", Errno.ENOENT or Errno.ENOTDIR) => ExitCode.NotFound,
        ("execve", _) => ExitCode.NotExecutable,
        _ => 0,
    };

    /// <summary>Asks for the roll-back of a creation; a supervisor that is gone has done it, or left it to the caller.</summary>
    internal static void TryAbort(SupervisorClient host)
    {
        try
        {
            host.Abort().Wait();
        }
        catch (Exception error) when (error is RpcException or PeerLostException)
        {
            // A supervisor that is gone has nothing left to roll back; the CLI removes the record.
        }
    }
}
