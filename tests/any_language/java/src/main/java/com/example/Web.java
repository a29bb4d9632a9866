package com.example;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Acknowledgment;
import software.amazon.awscdk.CfnResource;
import software.amazon.awscdk.NestedStack;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Validations;
import software.amazon.awscdk.services.ecr.IRepository;
import software.amazon.awscdk.services.ecs.ContainerDefinitionOptions;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.amazon.awscdk.services.ecs.FireLensLogDriver;

/** A stack's tasks and nested stacks. */
final class Web {
    private Web() {
    }

    static void fill(final Stack stack, final IRepository repository) {
        FargateTaskDefinition task = FargateTaskDefinition.Builder.create(stack, "Task").build();
        task.addContainer("app", ContainerDefinitionOptions.builder()
            .image(ContainerImage.fromEcrRepository(repository, "v1"))
            .logging(FireLensLogDriver.Builder.create().build())
            .build());
        task.addContainer("built", ContainerDefinitionOptions.builder()
            .image(ContainerImage.fromAsset("../image"))
            .build());
        add(task, "proxy", "nginx:1.27");

        for (String name : List.of("First", "Second")) {
            NestedStack nested = NestedStack.Builder.create(stack, name).build();
            add(FargateTaskDefinition.Builder.create(nested, "Task").build(),
                "jobs", "ghcr.io/org/jobs:2");
        }
        acknowledge(stack);
    }

    private static void acknowledge(final Stack stack) {
        FargateTaskDefinition agent = FargateTaskDefinition.Builder.create(stack, "Agent").build();
        add(agent, "agent", "ghcr.io/vendor/agent:7");
        Validations.of(agent).acknowledge(Acknowledgment.builder()
            .id("pinned-images::unpinned-image")
            .reason("Follows the vendor's tag.")
            .build());

        FargateTaskDefinition probe = FargateTaskDefinition.Builder.create(stack, "Probe").build();
        add(probe, "probe", "ghcr.io/vendor/probe:7");
        CfnResource resource = (CfnResource) probe.getNode().getDefaultChild();
        resource.addMetadata("pinned-images",
            Map.of("acknowledge", Map.of("unpinned-image", "Follows the vendor's tag.")));
    }

    static void add(final FargateTaskDefinition task, final String name, final String image) {
        task.addContainer(name, ContainerDefinitionOptions.builder()
            .image(ContainerImage.fromRegistry(image))
            .build());
    }
}
