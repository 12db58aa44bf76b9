using System.Text;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;

namespace Engine.Lifecycle;

/// <summary>Which server carries a step out.</summary>
public enum PlanServer
{
    /// <summary>The supervisor, in the host's namespaces.</summary>
    Host,

    /// <summary>The container stage, in the container's namespaces.</summary>
    Container,
}

/// <summary>One step of a creation.</summary>
/// <param name="Server">Who carries it out.</param>
/// <param name="Operation">The method, as the trace shows it.</param>
/// <param name="Subject">What it is done to, for a person.</param>
/// <param name="JsonPath">The item of the config that asked for it; empty for what a container always gets.</param>
/// <param name="Run">Sends the request; its failure shows when the connection is drained.</param>
public sealed record PlanStep(PlanServer Server, string Operation, string Subject, string JsonPath, Action<CreationClients> Run);

/// <summary>The two connections that a plan is run over.</summary>
public sealed record CreationClients(SupervisorClient Host, ContainerClient Container)
{
    /// <summary>Host pid of the container stage, once Spawn was answered.</summary>
    public int Pid { get; set; }

    /// <summary>The terminal's master side, once an unmonitored container with one is created; whoever runs the plan disposes it.</summary>
    public SafeFd? Terminal { get; set; }

    /// <summary>Waits until everything sent so far is done. The host first: where a source could not be cloned, its error is the cause of the other.</summary>
    public void Drain()
    {
        Host.Drain();
        Container.Drain();
    }
}

/// <summary>
/// The ordered steps that make a container, built from the config without side effects; <c>--plan</c> prints it. Run in
/// order over both connections without waiting in between, but where a step says so (<see cref="Barrier"/>). There is no
/// undo per step: the supervisor records what it makes and takes it back in reverse when the creation is aborted or
/// either side is killed, which no list kept in the master could promise.
/// </summary>
public sealed class CreationPlan
{
    private readonly List<PlanStep> _steps = [];

    /// <summary>In the order in which they run.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>Appends a step for the supervisor.</summary>
    public void Host(string operation, string subject, string jsonPath, Action<SupervisorClient> run) =>
        _steps.Add(new PlanStep(PlanServer.Host, operation, subject, jsonPath, clients => run(clients.Host)));

    /// <summary>Appends a step for the container stage.</summary>
    public void Container(string operation, string subject, string jsonPath, Action<ContainerClient> run) =>
        _steps.Add(new PlanStep(PlanServer.Container, operation, subject, jsonPath, clients => run(clients.Container)));

    /// <summary>The same for a step that must know what Spawn answered.</summary>
    public void ContainerAfterSpawn(string operation, string subject, string jsonPath, Action<CreationClients> run) =>
        _steps.Add(new PlanStep(PlanServer.Container, operation, subject, jsonPath, run));

    /// <summary>Appends a step that waits for everything before it and for its own answer.</summary>
    public void Barrier(PlanServer server, string operation, string subject, string jsonPath, Action<CreationClients> run) =>
        _steps.Add(new PlanStep(server, operation, subject, jsonPath, clients =>
        {
            clients.Drain();
            run(clients);
            clients.Drain();
        }));

    /// <summary>Runs every step.</summary>
    /// <exception cref="RpcException">The first step that failed.</exception>
    public void Run(CreationClients clients)
    {
        foreach (PlanStep step in _steps)
        {
            step.Run(clients);
        }

        clients.Drain();
    }

    /// <summary>The plan as a table: number, server, operation, subject, origin.</summary>
    public string Print()
    {
        int operation = _steps.Max(step => step.Operation.Length);
        int subject = Math.Min(60, _steps.Max(step => step.Subject.Length));
        var text = new StringBuilder();
        text.Append($"{"#",3}  {"server",-9}  {"operation".PadRight(operation)}  {"subject".PadRight(subject)}  from\n");
        for (int i = 0; i < _steps.Count; i++)
        {
            PlanStep step = _steps[i];
            string server = step.Server == PlanServer.Host ? "host" : "container";
            text.Append($"{i + 1,3}  {server,-9}  {step.Operation.PadRight(operation)}  {step.Subject.PadRight(subject)}  {step.JsonPath}".TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
