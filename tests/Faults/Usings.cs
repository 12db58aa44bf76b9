global using System.Text.Json.Nodes;
global using Engine.Tests.Integration.Robustness;
